/**
 * Addresses (RFC 7622). A server normalises each JID once and stamps it on what it delivers, so two stamped JIDs are the same if they
 * are the same text. Nothing of them is escaped, folded or mapped here: two accounts of the server must never become one.
 * What people write into configurations is normalised as servers do, by {@link toBareJid}.
 */
declare const isBare: unique symbol;

/** An account, a domain or a room: a JID without its resource, in the server's own spelling. */
export type BareJid = string & { readonly [isBare]: true };

/** Bytes that RFC 7622 allows for each of the three parts, and for the signs between them. */
const MAX_LENGTH = 3 * 1023 + 2;

/** A JID as a server stamped it. */
export class Jid {
  readonly local: string | undefined;
  readonly domain: string;
  readonly resource: string | undefined;
  readonly bare: BareJid;
  readonly #text: string;

  /** @throws TypeError if the text is no JID */
  constructor(stamped: string) {
    if (stamped.length > MAX_LENGTH) throw new TypeError('a JID has 3071 bytes at most');
    // A part of a text keeps the whole of it in memory: of what a stranger sent, too.
    const text = stamped.split('').join('');
    const slash = text.indexOf('/');
    const bare = slash === -1 ? text : text.slice(0, slash);
    // An @ may stand in a resource, and nowhere else but behind the local part.
    const at = bare.indexOf('@');
    this.#text = text;
    this.bare = brand(bare);
    this.local = at === -1 ? undefined : bare.slice(0, at);
    this.domain = bare.slice(at + 1);
    this.resource = slash === -1 ? undefined : text.slice(slash + 1);
    const isWhole = this.local !== '' && this.domain !== '' && this.resource !== '';
    if (!isWhole || this.domain.includes('@'))
      throw new TypeError(`'${text.slice(0, 100)}' is no JID such as ada@example.org/phone`);
  }

  toString(): string {
    return this.#text;
  }

  equals(other: Jid): boolean {
    return this.#text === other.#text;
  }
}

/**
 * A JID that the server stamped.
 * @throws TypeError if the text is no JID
 */
export function parseJid(text: string): Jid {
  return new Jid(text);
}

const MAX_REMEMBERED = 512;
const remembered = new Map<string, Jid>();

/** Like {@link parseJid}, for what may be none. The same few come again and again, so the last are remembered. */
export function readJid(text: unknown): Jid | undefined {
  if (typeof text !== 'string') return undefined;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  try {
    const parsed = new Jid(text);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(parsed.toString(), parsed);
    return parsed;
  } catch {
    return undefined;
  }
}

/** The account of a JID that the server stamped, full or bare: all before the first slash. Nothing is checked. */
export function accountOf(stamped: string): BareJid {
  const slash = stamped.indexOf('/');
  return brand(slash === -1 ? stamped : stamped.slice(0, slash));
}

/** Characters that nodeprep and nameprep take away (RFC 3454, table B.1). */
const MAPPED_TO_NOTHING =
  /[\u00ad\u1806\u200b-\u200d\u2060\ufeff]|\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]/gu;

/**
 * What people configure, as the server will stamp it: `Bot@Example.ORG` is `bot@example.org`.
 * @throws TypeError if the text is no JID, or has a resource
 */
export function toBareJid(text: string): BareJid {
  const { local, domain, resource } = new Jid(text.trim());
  if (resource !== undefined)
    throw new TypeError(`'${text}' has a resource: leave out /${resource}`);
  const host = normalDomain(domain);
  return brand(local === undefined ? host : `${normalLocal(local)}@${host}`);
}

/**
 * Whether a stamped JID is the one that a configuration means. What is configured may be in another case; what is stamped may be so
 * only if it is a mere domain, which is the same to DNS.
 */
export function isWhomWeMeant(stamped: string, configured: string): boolean {
  if (stamped === configured) return true;
  const meant = readJid(configured);
  const from = readJid(stamped);
  if (meant === undefined || from === undefined || meant.resource !== from.resource) return false;
  const isDomain = from.local === undefined && from.resource === undefined;
  return (isDomain ? normalDomain(stamped) : from.bare) === toBareJid(meant.bare);
}

/** The local part of a JID as the server will stamp it (nodeprep). */
export const normalLocal = (local: string): string => folded(local);

/** A domain as the server will stamp it (nameprep). */
export const normalDomain = (domain: string): string => folded(domain).replace(/\.$/, '');

function folded(text: string): string {
  const plain = text.normalize('NFKC').replace(MAPPED_TO_NOTHING, '');
  return [...plain].map(foldCharacter).join('').normalize('NFKC');
}

/** One by one: a sigma is the same at the end of a word; by way of upper case, for `ß` is `ss`. A dotless i stays what it is. */
function foldCharacter(character: string): string {
  return character === '\u0131' ? character : character.toUpperCase().toLowerCase();
}

const hasNoResource = (text: string): text is BareJid => !text.includes('/');

function brand(text: string): BareJid {
  if (hasNoResource(text)) return text;
  throw new TypeError(`'${text}' has a resource`);
}
