import type { Element } from '@xmpp/xml';

/** XEP-0428, and what it was called before. */
const fallbackNamespaces = ['urn:xmpp:fallback:0', 'urn:xmpp:feature-fallback:0'];

/**
 * What somebody wrote in a message's body: without what their client has put in for clients that know less (XEP-0428), such as the quote
 * of what they reply to, without quoted lines in front (XEP-0393), and without the bot's own name in front (XEP-0372).
 * @param bot bare JID
 */
export function writtenIn(stanza: Element, bot: string): string {
  const body = stanza.getChildText('body') ?? '';
  const ranges = [...fallbackRanges(stanza), ...mentionRanges(stanza, bot)];
  const own = ranges.length === 0 ? body : withoutRanges(body, ranges);
  return unstyled(withoutQuote(own), stanza);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** All of the body, if a fallback names no part of it. */
function fallbackRanges(stanza: Element): Range[] {
  const all = { start: 0, end: Number.POSITIVE_INFINITY };
  return fallbackNamespaces
    .flatMap((namespace) => stanza.getChildren('fallback', namespace))
    .flatMap((fallback) => {
      const parts = [...fallback.getChildren('body'), ...fallback.getChildren('subject')];
      if (parts.length === 0) return [all];
      return parts.filter(({ name }) => name === 'body').map((part) => rangeOf(part.attrs) ?? all);
    });
}

function mentionRanges(stanza: Element, bot: string): Range[] {
  return stanza
    .getChildren('reference', 'urn:xmpp:reference:0')
    .filter(({ attrs }) => attrs['type'] === 'mention' && isBot(attrs['uri'], bot))
    .flatMap(({ attrs }) => rangeOf({ start: attrs['begin'], end: attrs['end'] }) ?? []);
}

function isBot(uri: unknown, bot: string): boolean {
  if (typeof uri !== 'string') return false;
  return (
    uri
      .toLowerCase()
      .replace(/^xmpp:/, '')
      .split(/[/?]/, 1)[0] === bot
  );
}

/** Undefined if it says no range, or none that makes sense. */
function rangeOf(attrs: Readonly<Record<string, unknown>>): Range | undefined {
  const [start, end] = [attrs['start'], attrs['end']].map((text) =>
    typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined,
  );
  return start === undefined || end === undefined || end < start ? undefined : { start, end };
}

/** Positions count code points (XEP-0426). What is left of a name in front is a colon or comma. */
function withoutRanges(body: string, ranges: readonly Range[]): string {
  const left = [...body].filter(
    (_, at) => !ranges.some(({ start, end }) => at >= start && at < end),
  );
  return left.join('').replace(/^\s*[:,]\s+/u, '');
}

/** Lines in front that begin with `>`: no command does. All of them are kept if there is nothing else. */
function withoutQuote(text: string): string {
  const rest = text.replace(/^(\s*>[^\n]*(\n|$))+/u, '');
  return rest.trim() === '' ? text : rest;
}

/** A whole message in one of XEP-0393's marks, as when a command is copied as code: no command begins with one. */
function unstyled(text: string, stanza: Element): string {
  if (stanza.getChild('unstyled', 'urn:xmpp:styling:0') !== undefined) return text;
  const [, block] = /^\s*```[^\n]*\n(.*?)\n?```\s*$/su.exec(text) ?? [];
  if (block !== undefined) return block;
  const [, mark = '', inner] = /^\s*([`*_~])(\S[^\n]*)\1\s*$/u.exec(text) ?? [];
  return inner === undefined || inner.includes(mark) ? text : inner;
}
