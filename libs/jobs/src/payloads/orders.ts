import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { z } from 'zod';
import type { Order, OrderAnswer } from '../domain/order.js';
import { jsonElement, shapedJson } from '../xml/json.js';
import { children, expectElement, integer, jobId, malformed, text as textOf } from '../xml/read.js';
import { readable } from '../xml/readable.js';
import { jsonObjectShape } from './shapes.js';

export const ORDERS_NAMESPACE = 'urn:heavylift:orders:1';

/** Orders in one request. */
export const mostOrders = 64;

/** What a program asks for in one IQ `set`. */
export const ordersCodec: PayloadCodec<readonly Order[]> = {
  encode: (orders) => xml('orders', { xmlns: ORDERS_NAMESPACE }, ...orders.map(encodeOrder)),

  decode(element) {
    expectElement(element, 'orders', ORDERS_NAMESPACE);
    const orders = children(element, 'order', ORDERS_NAMESPACE);
    if (orders.length === 0 || orders.length > mostOrders)
      throw malformed(element, `it has ${orders.length} orders, expected 1 to ${mostOrders}`);
    return orders.map(decodeOrder);
  },
};

function encodeOrder({ command, submission, fields }: Order): Element {
  return xml('order', { command, submission }, jsonElement(fields));
}

const scalarShape = z.union([z.string(), z.number(), z.boolean()]).transform(String);
// An object of zod's would lose keys such as `__proto__`.
const fieldsShape = jsonObjectShape.transform((fields, context) => {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const scalar = scalarShape.safeParse(value);
    if (scalar.success) entries.push([name, scalar.data]);
    else context.addIssue({ code: 'custom', path: [name], message: 'expected a text or a number' });
  }
  return Object.fromEntries(entries);
});

function decodeOrder(element: Element): Order {
  return {
    command: textOf(element, 'command'),
    submission: textOf(element, 'submission'),
    fields: shapedJson(element, fieldsShape),
  };
}

/** What came of them: an answer for each. */
export const answersCodec: PayloadCodec<readonly OrderAnswer[]> = {
  encode: (answers) => xml('answers', { xmlns: ORDERS_NAMESPACE }, ...answers.map(encodeAnswer)),

  decode(element) {
    expectElement(element, 'answers', ORDERS_NAMESPACE);
    return [
      ...children(element, 'accepted', ORDERS_NAMESPACE).map(decodeAccepted),
      ...children(element, 'refused', ORDERS_NAMESPACE).map(decodeRefused),
    ];
  },
};

function encodeAnswer(answer: OrderAnswer): Element {
  const { submission } = answer;
  // It may quote what was ordered.
  const text = readable(answer.text);
  if ('refusal' in answer) return xml('refused', { submission, ...answer.refusal }, text);
  const { id, number } = answer.job;
  return xml('accepted', { submission, id, number }, text);
}

function decodeAccepted(element: Element): OrderAnswer {
  return {
    submission: textOf(element, 'submission'),
    job: { id: jobId(element, 'id'), number: integer(element, 'number', 1) },
    text: element.getText(),
  };
}

function decodeRefused(element: Element): OrderAnswer {
  return {
    submission: textOf(element, 'submission'),
    refusal: { type: textOf(element, 'type'), condition: textOf(element, 'condition') },
    text: element.getText(),
  };
}
