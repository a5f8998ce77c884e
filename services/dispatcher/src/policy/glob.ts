import { readJid } from '@heavylift/xmpp-pubsub';

/**
 * Whether a text fits a pattern in which `*` stands for any characters and everything else for itself.
 */
export function fitsGlob(pattern: string, text: string): boolean {
  const rest = text;
  const [first = '', ...others] = pattern.split(/\*+/);
  const last = others.pop();
  if (last === undefined) return rest === first;
  const end = rest.length - last.length;
  if (first.length > end || !rest.startsWith(first) || !rest.endsWith(last)) return false;
  // Each part in the middle is taken where it comes first: that leaves the most for those behind it.
  let from = first.length;
  for (const part of others) {
    const at = rest.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** Whether a bare JID fits: `ada@example.org`, `*@example.org`, `example.org` (everybody there), `*` (everybody). */
export function fitsJid(pattern: string, who: string): boolean {
  if (pattern === '*') return true;
  const wanted = readJid(pattern);
  const given = readJid(who);
  if (wanted === undefined || given === undefined) return false;
  return fitsGlob(wanted.local ?? '*', given.local ?? '') && fitsGlob(wanted.domain, given.domain);
}
