/** A field of a data form (XEP-0004 section 3.2). */
export interface FormField {
  /** The attribute `var`. */
  readonly name: string;
  /** The attribute `type`; as sent, without one, `text-single` is meant. */
  readonly type?: string;
  readonly label?: string;
  /** XEP-0004 section 3.2 `<desc/>` */
  readonly description?: string;
  readonly required?: boolean;
  readonly values: readonly string[];
  readonly options?: readonly { readonly label?: string; readonly value: string }[];
}

/** A data form (XEP-0004). Fields without a name (`fixed`) are not kept. */
export interface DataForm {
  readonly type: 'form' | 'submit' | 'cancel' | 'result';
  /** The value of the field FORM_TYPE, which is not among `fields` (XEP-0068). */
  readonly formType?: string;
  readonly title?: string;
  readonly instructions?: readonly string[];
  readonly fields: readonly FormField[];
}
