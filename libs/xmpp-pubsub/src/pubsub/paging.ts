import xml, { type Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { NS_RSM } from './namespaces.js';
import { childOf, childText } from './read-xml.js';

export interface Page<E> {
  readonly entries: readonly E[];
  /** What holds the `<set/>`, if the service pages. */
  readonly container: Element | undefined;
}

/**
 * Walks a result set page by page (XEP-0059 section 2.2). A service that does not page answers the first request with everything and no `<set/>`.
 * Entries made or lost meanwhile may be missed or come twice, as with any paging.
 */
export async function* walkPages<E>(
  pageSize: number,
  read: (set: Element) => Promise<Page<E>>,
): AsyncGenerator<readonly E[]> {
  wholeNumber(pageSize, 'pageSize');
  let after: string | undefined;
  let seen = 0;
  for (;;) {
    const { entries, container } = await read(requestSet(pageSize, after));
    seen += entries.length;
    yield entries;
    const set = container && childOf(container, 'set', NS_RSM);
    const last = set && childText(set, 'last');
    if (set === undefined || last === undefined || entries.length === 0) return;
    // A service that ignores `<after/>` would have us read the same page for ever.
    if (last === after) return;
    if (seen >= Number(childText(set, 'count') ?? Number.POSITIVE_INFINITY)) return;
    after = last;
  }
}

export function requestSet(max: number, after: string | undefined): Element {
  return xml(
    'set',
    { xmlns: NS_RSM },
    xml('max', {}, String(max)),
    ...(after === undefined ? [] : [xml('after', {}, after)]),
  );
}

export function wholeNumber(value: number, name: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new XmppError('invalid-option', `${name} is ${value}: give a whole number from 1`);
}
