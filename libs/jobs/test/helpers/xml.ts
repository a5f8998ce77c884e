import { type Element, Parser } from '@xmpp/xml';

/** Parses one document, as a stream would bring it. */
export function parseXml(source: string): Element {
  const parser = new Parser();
  const errors: unknown[] = [];
  let document: Element | undefined;
  parser.on('start', (root: Element) => {
    document = root;
  });
  parser.on('element', (child: Element) => document?.append(child));
  parser.on('error', (error: unknown) => errors.push(error));
  parser.write(source);
  if (errors.length > 0) throw errors[0];
  if (document === undefined) throw new Error(`no element in ${source}`);
  return document;
}

/** The element after a way through a stream. */
export function throughStream(element: Element): Element {
  return parseXml(element.toString());
}
