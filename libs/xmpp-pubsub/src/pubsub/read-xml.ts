import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { type Jid, readJid } from '../jid.js';

export function attribute(element: Element, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : undefined;
}

export function childElements(element: Element): Element[] {
  const found: Element[] = [];
  for (const child of element.children) if (typeof child === 'object') found.push(child);
  return found;
}

/** The first child of that name and namespace. Unlike ltx's `getChild`, without building a list. */
export function childOf(element: Element, name: string, namespace?: string): Element | undefined {
  for (const child of element.children) {
    if (typeof child === 'object' && child.is(name, namespace)) return child;
  }
  return undefined;
}

export function childrenOf(element: Element, name: string, namespace?: string): Element[] {
  return childElements(element).filter((child) => child.is(name, namespace));
}

export function childText(element: Element, name: string): string | undefined {
  return childOf(element, name)?.getText();
}

/** Without the keys whose value is undefined, which `exactOptionalPropertyTypes` wants absent. */
export function compact<T extends object>(
  fields: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
export function compact(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function malformed(what: string, element: Element | undefined): XmppError {
  const shown = element === undefined ? 'nothing' : element.toString().slice(0, 200);
  return new XmppError('malformed-answer', `${what}; the service sent ${shown}`);
}

export function requiredChild(
  parent: Element | undefined,
  name: string,
  namespace?: string,
): Element {
  const child = parent === undefined ? undefined : childOf(parent, name, namespace);
  if (child === undefined) throw malformed(`the answer has no <${name}/>`, parent);
  return child;
}

export function requiredAttribute(element: Element, name: string): string {
  const value = attribute(element, name);
  if (value === undefined) {
    throw malformed(`<${element.name}/> has no attribute ${name}`, element);
  }
  return value;
}

export function requiredJid(element: Element, name: string): Jid {
  const parsed = readJid(requiredAttribute(element, name));
  if (parsed === undefined) throw malformed(`<${element.name}/> has no JID in ${name}`, element);
  return parsed;
}

/** A date and time of XEP-0082. */
export function toDate(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)) {
    return undefined;
  }
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
