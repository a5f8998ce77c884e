import xml, { type Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { NS_JSON } from './namespaces.js';
import type { PayloadCodec } from './types/event.js';

/** The payload element itself. What `service.node(name)` uses. */
export const elementCodec: PayloadCodec<Element> = {
  encode: (value) => value,
  decode: (payload) => payload,
};

/**
 * A string as the text of one element, e.g. `<title xmlns='urn:example'>…</title>`.
 * Characters that XML does not allow are refused with `invalid-character` when it is sent.
 */
export function textCodec(name: string, xmlns: string): PayloadCodec<string> {
  return {
    encode: (value) => xml(name, { xmlns }, value),
    decode(payload) {
      expectElement(payload, name, xmlns);
      return payload.getText();
    },
  };
}

/**
 * A value as JSON (XEP-0335). Carries every string JavaScript has, also those that XML does not allow.
 * @param parse makes a T of what was parsed, and throws if it is none
 */
export function jsonCodec<T>(parse: (value: unknown) => T): PayloadCodec<T> {
  return {
    encode(value) {
      const json: string | undefined = JSON.stringify(value);
      if (json === undefined) {
        throw new XmppError('invalid-option', `a ${typeof value} cannot be written as JSON`);
      }
      return xml('json', { xmlns: NS_JSON }, json.replace(/[\ufffe\uffff]/g, escaped));
    },
    decode(payload) {
      expectElement(payload, 'json', NS_JSON);
      return parse(JSON.parse(payload.getText()));
    },
  };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}

function expectElement(payload: Element, name: string, xmlns: string): void {
  if (payload.is(name, xmlns)) return;
  throw new XmppError(
    'undecodable-payload',
    `expected <${name} xmlns='${xmlns}'/>, got <${payload.name} xmlns='${payload.getNS() ?? ''}'/>`,
  );
}
