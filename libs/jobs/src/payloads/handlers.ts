import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import type { HandlerSpec } from '../domain/handler.js';
import {
  children,
  expectElement,
  handlerName,
  integer,
  malformed,
  optionalInteger,
  optionalText,
  present,
  text,
} from '../xml/read.js';
import { DATA_NAMESPACE, decodeFields, encodeForm } from './handler-form.js';

export const HANDLER_NAMESPACE = 'urn:heavylift:handler:1';

/** An item of the `handlers` node: what one lifter's handlers take. */
export const handlersCodec: PayloadCodec<readonly HandlerSpec[]> = {
  encode: (handlers) => xml('handlers', { xmlns: HANDLER_NAMESPACE }, ...handlers.map(encode)),

  decode(element) {
    expectElement(element, 'handlers', HANDLER_NAMESPACE);
    return children(element, 'handler', HANDLER_NAMESPACE).map(decode);
  },
};

function encode(spec: HandlerSpec): Element {
  return xml(
    'handler',
    {
      name: spec.name,
      title: spec.title,
      'timeout-ms': spec.timeoutMs,
      'max-attempts': spec.maxAttempts,
      'unique-by': spec.uniqueBy?.join(' '),
      concurrency: spec.concurrency,
    },
    ...Object.entries(spec.texts).map(([name, words]) => xml('text', { name }, words)),
    encodeForm(spec, HANDLER_NAMESPACE),
  );
}

function decode(element: Element): HandlerSpec {
  const form = element.getChild('x', DATA_NAMESPACE);
  if (form === undefined) throw malformed(element, 'it has no form (XEP-0004)');
  const fields = decodeFields(form);
  const uniqueBy = optionalText(element, 'unique-by')?.split(' ').filter(Boolean);
  const unknown = uniqueBy?.find((name) => fields.every((field) => field.name !== name));
  if (unknown !== undefined) {
    throw malformed(element, `'unique-by' names '${unknown}', which is no field of its form`);
  }
  return {
    name: handlerName(element, 'name'),
    title: text(element, 'title'),
    summary: form.getChildText('instructions', DATA_NAMESPACE) ?? '',
    fields,
    timeoutMs: integer(element, 'timeout-ms', 1),
    maxAttempts: integer(element, 'max-attempts', 1),
    texts: Object.fromEntries(
      children(element, 'text', HANDLER_NAMESPACE).map((words) => [
        text(words, 'name'),
        words.getText(),
      ]),
    ),
    ...present({ uniqueBy, concurrency: optionalInteger(element, 'concurrency', 1) }),
  };
}
