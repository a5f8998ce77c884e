import xml, { type Element } from '@xmpp/xml';
import { NS_DATA } from './namespaces.js';
import { attribute, childOf, childrenOf, childText, compact, malformed } from './read-xml.js';
import type { DataForm, FormField } from './types/form.js';

/** Reads a data form (XEP-0004). @throws XmppError `malformed-answer` */
export function readForm(x: Element): DataForm {
  const type = attribute(x, 'type');
  if (!x.is('x', NS_DATA) || !isFormType(type)) throw malformed('this is no data form', x);
  const fields = childrenOf(x, 'field').flatMap(readField);
  const formType = fields.find(({ name }) => name === 'FORM_TYPE')?.values[0];
  const instructions = childrenOf(x, 'instructions').map((line) => line.getText());
  return {
    type,
    fields: fields.filter(({ name }) => name !== 'FORM_TYPE'),
    ...compact({
      formType,
      title: childText(x, 'title'),
      instructions: instructions.length > 0 ? instructions : undefined,
    }),
  };
}

/** Writes a data form (XEP-0004). */
export function writeForm(form: DataForm): Element {
  return xml(
    'x',
    { xmlns: NS_DATA, type: form.type },
    ...(form.instructions ?? []).map((line) => xml('instructions', {}, line)),
    ...(form.title === undefined ? [] : [xml('title', {}, form.title)]),
    ...(form.formType === undefined
      ? []
      : [xml('field', { var: 'FORM_TYPE', type: 'hidden' }, xml('value', {}, form.formType))]),
    ...form.fields.map(writeField),
  );
}

/** The form that is a child of an element, if there is one. */
export function childForm(parent: Element): DataForm | undefined {
  const x = childOf(parent, 'x', NS_DATA);
  return x === undefined ? undefined : readForm(x);
}

function isFormType(type: string | undefined): type is DataForm['type'] {
  return type === 'form' || type === 'submit' || type === 'cancel' || type === 'result';
}

function readField(field: Element): FormField[] {
  const name = attribute(field, 'var');
  if (name === undefined) return [];
  const options = childrenOf(field, 'option').map((option) => ({
    value: childText(option, 'value') ?? '',
    ...compact({ label: attribute(option, 'label') }),
  }));
  return [
    {
      name,
      values: childrenOf(field, 'value').map((value) => value.getText()),
      ...compact({
        type: attribute(field, 'type'),
        label: attribute(field, 'label'),
        description: childText(field, 'desc'),
        required: childOf(field, 'required') === undefined ? undefined : true,
        options: options.length > 0 ? options : undefined,
      }),
    },
  ];
}

function writeField(field: FormField): Element {
  return xml(
    'field',
    compact({ var: field.name, type: field.type, label: field.label }),
    ...(field.description === undefined ? [] : [xml('desc', {}, field.description)]),
    ...(field.required ? [xml('required')] : []),
    ...field.values.map((value) => xml('value', {}, value)),
    ...(field.options ?? []).map((option) =>
      xml('option', compact({ label: option.label }), xml('value', {}, option.value)),
    ),
  );
}
