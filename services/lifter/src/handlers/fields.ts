interface FieldBase {
  /** For people; the name if there is none. */
  readonly label?: string;
  /** One sentence for help. */
  readonly description?: string;
  /** `false`: it may be left out, and is `undefined` then. @default true, unless there is a default */
  readonly required?: boolean;
}

interface Bounds {
  /** The least value, itself included. */
  readonly min?: number;
  /** The greatest value, itself included. */
  readonly max?: number;
}

export interface IntegerField extends FieldBase, Bounds {
  readonly type: 'integer';
  readonly default?: number;
}

export interface NumberField extends FieldBase, Bounds {
  readonly type: 'number';
  readonly default?: number;
}

export interface TextField extends FieldBase {
  readonly type: 'text';
  readonly default?: string;
  /** A regular expression that the whole text has to match, as in `[a-z]+`. */
  readonly pattern?: string;
  /** Characters, at most. @default 10_000 */
  readonly maxLength?: number;
}

export interface BooleanField extends FieldBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

export interface ChoiceField extends FieldBase {
  readonly type: 'choice';
  readonly options: readonly string[];
  readonly default?: string;
}

export type Field = IntegerField | NumberField | TextField | BooleanField | ChoiceField;

/** What a handler takes, by name, in the order in which people may give it without the names. */
export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F extends Field> = F extends IntegerField | NumberField
  ? number
  : F extends BooleanField
    ? boolean
    : F extends ChoiceField
      ? F['options'][number]
      : string;

type MayBeMissing<F extends Field> = F extends { readonly default: string | number | boolean }
  ? false
  : F extends { readonly required: false }
    ? true
    : false;

/** The arguments that `run` is given. */
export type ArgsOf<F extends Fields> = {
  readonly [Name in keyof F]:
    | ValueOf<F[Name]>
    | (MayBeMissing<F[Name]> extends true ? undefined : never);
};
