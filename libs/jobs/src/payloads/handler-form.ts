import xml, { type Element } from '@xmpp/xml';
import type { ChoiceOption, HandlerField, HandlerSpec, Range } from '../domain/handler.js';
import { children, malformed, optionalNumber, optionalText, present, text } from '../xml/read.js';

/** XEP-0004 */
export const DATA_NAMESPACE = 'jabber:x:data';
/** XEP-0122 */
export const VALIDATE_NAMESPACE = 'http://jabber.org/protocol/xdata-validate';

/** The form that asks for a handler's arguments, as ad-hoc commands (XEP-0050) show it, too. */
export function encodeForm(spec: HandlerSpec, formType: string): Element {
  return xml(
    'x',
    { xmlns: DATA_NAMESPACE, type: 'form' },
    xml('title', {}, spec.title),
    xml('instructions', {}, spec.summary),
    xml('field', { var: 'FORM_TYPE', type: 'hidden' }, xml('value', {}, formType)),
    ...spec.fields.map(encodeField),
  );
}

const FORM_TYPES = {
  text: 'text-single',
  integer: 'text-single',
  number: 'text-single',
  boolean: 'boolean',
  choice: 'list-single',
} as const;

const DATATYPES = { integer: 'xs:integer', number: 'xs:double' } as const;

function encodeField(field: HandlerField): Element {
  return xml(
    'field',
    { var: field.name, type: FORM_TYPES[field.type], label: field.label },
    ...optionally(field.description, (words) => xml('desc', {}, words)),
    ...(field.required ? [xml('required')] : []),
    ...optionally(field.default, (value) => xml('value', {}, `${value}`)),
    ...(field.type === 'choice' ? field.options.map(encodeOption) : []),
    ...(field.type === 'integer' || field.type === 'number'
      ? [encodeValidation(DATATYPES[field.type], field.range)]
      : []),
  );
}

function optionally<T>(value: T | undefined, encode: (value: T) => Element): Element[] {
  return value === undefined ? [] : [encode(value)];
}

function encodeOption({ value, label }: ChoiceOption): Element {
  return xml('option', { label }, xml('value', {}, value));
}

function encodeValidation(datatype: string, range: Range | undefined): Element {
  return xml(
    'validate',
    { xmlns: VALIDATE_NAMESPACE, datatype },
    range === undefined ? xml('basic') : xml('range', { min: range.min, max: range.max }),
  );
}

/** The fields of a form; hidden and fixed ones are no arguments. */
export function decodeFields(form: Element): HandlerField[] {
  return children(form, 'field', DATA_NAMESPACE)
    .filter((field) => !['hidden', 'fixed'].includes(optionalText(field, 'type') ?? ''))
    .map(decodeField);
}

function decodeField(element: Element): HandlerField {
  const base = {
    name: text(element, 'var'),
    required: element.getChild('required', DATA_NAMESPACE) !== undefined,
    ...present({
      label: optionalText(element, 'label'),
      description: element.getChildText('desc', DATA_NAMESPACE) ?? undefined,
    }),
  };
  const given = element.getChildText('value', DATA_NAMESPACE) ?? undefined;
  const type = optionalText(element, 'type') ?? 'text-single';
  switch (type) {
    case 'boolean':
      return { ...base, type, ...present({ default: booleanOf(element, given) }) };
    case 'list-single': {
      const options = children(element, 'option', DATA_NAMESPACE).map(decodeOption);
      return { ...base, type: 'choice', options, ...present({ default: given }) };
    }
    case 'text-single':
      return decodeTextField(element, base, given);
    default:
      throw malformed(element, `a field of type '${type}' is not known`);
  }
}

function decodeTextField(
  element: Element,
  base: Pick<HandlerField, 'name' | 'required' | 'label' | 'description'>,
  given: string | undefined,
): HandlerField {
  const validation = element.getChild('validate', VALIDATE_NAMESPACE);
  const datatype = validation && optionalText(validation, 'datatype');
  if (validation === undefined || datatype === undefined || datatype === 'xs:string') {
    return { ...base, type: 'text', ...present({ default: given }) };
  }
  if (datatype !== DATATYPES.integer && datatype !== DATATYPES.number) {
    throw malformed(element, `a field of data type '${datatype}' is not known`);
  }
  const type = datatype === DATATYPES.integer ? 'integer' : 'number';
  return {
    ...base,
    type,
    ...present({ default: numberOf(element, type, given), range: rangeOf(validation) }),
  };
}

function booleanOf(element: Element, given: string | undefined): boolean | undefined {
  if (given === undefined) return undefined;
  if (given === 'true' || given === '1') return true;
  if (given === 'false' || given === '0') return false;
  throw malformed(element, `its value is '${given.slice(0, 100)}', expected 'true' or 'false'`);
}

function numberOf(
  element: Element,
  type: 'integer' | 'number',
  given: string | undefined,
): number | undefined {
  if (given === undefined) return undefined;
  const value = given.trim() === '' ? Number.NaN : Number(given);
  if (type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)) return value;
  throw malformed(element, `its value is '${given.slice(0, 100)}', expected a ${type}`);
}

function rangeOf(validation: Element): Range | undefined {
  const range = validation.getChild('range', VALIDATE_NAMESPACE);
  if (range === undefined) return undefined;
  return present({ min: optionalNumber(range, 'min'), max: optionalNumber(range, 'max') });
}

function decodeOption(option: Element): ChoiceOption {
  const value = option.getChildText('value', DATA_NAMESPACE);
  if (value === null) throw malformed(option, 'it has no <value>');
  return { value, ...present({ label: optionalText(option, 'label') }) };
}
