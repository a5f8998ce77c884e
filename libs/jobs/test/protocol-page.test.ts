import { readFileSync } from 'node:fs';
import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import {
  answersCodec,
  decodeJobMark,
  EVENT_NAMESPACE,
  encodeBotMessage,
  eventsCodec,
  failedCodec,
  HANDLER_NAMESPACE,
  handlersCodec,
  JOBS_NAMESPACE,
  JSON_NAMESPACE,
  LIFTER_NAMESPACE,
  lifterCodec,
  ORDERS_NAMESPACE,
  ordersCodec,
  RESULT_NAMESPACE,
  resultsCodec,
  runningQueryCodec,
  SCHEDULE_NAMESPACE,
  SYSTEM_NAMESPACE,
  scheduleCodec,
  sheetCodec,
  systemCodec,
} from '../src/index.js';
import { parseXml } from './helpers/xml.js';

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```xml\n(.*?)^```$/gms)].map(([, source = '']) =>
  parseXml(source.trim()),
);

function exampleOf(name: string, namespace: string): Element {
  const found = examples.find((example) => example.is(name, namespace));
  if (found === undefined) throw new Error(`no example of <${name} xmlns='${namespace}'>`);
  return found;
}

/** The element without the whitespace that is there for people, its JSON as a value. */
function essence(element: Element): unknown {
  const children = element.getChildElements();
  const { xmlns: _, ...attributes } = element.attrs;
  const isJson = element.is('json', JSON_NAMESPACE);
  const text = isJson ? JSON.parse(element.getText()) : element.getText();
  return {
    name: `{${element.getNS()}}${element.getName()}`,
    attributes,
    ...(children.length > 0 ? { children: children.map(essence) } : { text }),
  };
}

function survives<T>(name: string, namespace: string, codec: PayloadCodec<T>): void {
  it(`<${name} xmlns='${namespace}'>`, () => {
    const example = exampleOf(name, namespace);
    expect(essence(codec.encode(codec.decode(example)))).toStrictEqual(essence(example));
  });
}

describe('the examples in docs/protocol.md are decoded, and encoded as they are', () => {
  survives('sheet', JOBS_NAMESPACE, sheetCodec);
  survives('results', RESULT_NAMESPACE, resultsCodec);
  survives('events', EVENT_NAMESPACE, eventsCodec);
  survives('lifter', LIFTER_NAMESPACE, lifterCodec);
  survives('query', LIFTER_NAMESPACE, runningQueryCodec);
  survives('handlers', HANDLER_NAMESPACE, handlersCodec);
  survives('failed', JOBS_NAMESPACE, failedCodec);
  survives('schedule', SCHEDULE_NAMESPACE, scheduleCodec);
  survives('system', SYSTEM_NAMESPACE, systemCodec);
  survives('orders', ORDERS_NAMESPACE, ordersCodec);
  survives('answers', ORDERS_NAMESPACE, answersCodec);

  const markNamespace = 'urn:heavylift:job:1';
  it(`<job xmlns='${markNamespace}'>`, () => {
    const example = exampleOf('job', markNamespace);
    const job = decodeJobMark(xml('message', {}, example));
    const base = { to: 'alice@example.org/phone', type: 'chat', body: 'Done lifting' } as const;
    const message = encodeBotMessage(job === undefined ? base : { ...base, job });
    const mark = message.getChild('job', markNamespace);
    expect(mark && essence(mark)).toStrictEqual(essence(example));
  });

  // <leader/> is libs/service's, which tests it.
  it('and there are no others but one', () => expect(examples).toHaveLength(13));
});
