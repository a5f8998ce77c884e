import xml, { type Element, Parser } from '@xmpp/xml';

/** Parses one stanza as a session would. */
export function stanza(text: string): Element {
  const found: Element[] = [];
  const parser = new Parser();
  parser.on('element', (element: Element) => found.push(element));
  parser.on('error', (error: Error) => {
    throw error;
  });
  parser.write(`<stream xmlns='jabber:client'>${text}`);
  const [first] = found;
  if (first === undefined) throw new Error(`no stanza: ${text}`);
  return first;
}

export const SERVICE = 'pubsub.example.org';

export const event = (content: string, attributes = `from='${SERVICE}'`): Element =>
  stanza(
    `<message ${attributes}><event xmlns='http://jabber.org/protocol/pubsub#event'>${content}</event></message>`,
  );

/** The answer to a request for items, as `Session.request` hands it on. */
export const itemsAnswer = (node: string, content: string, set = ''): Element =>
  stanza(
    `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${node}'>${content}</items>${set}</pubsub>`,
  );

export const note = (text: string): Element => xml('note', { xmlns: 'urn:example:note' }, text);
