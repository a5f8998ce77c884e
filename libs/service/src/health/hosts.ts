/**
 * Whom a request was meant for. A page in somebody's browser can ask at a name of its author's, which leads to an
 * address in here (DNS rebinding); the browser then says that name as `Host`. So only names that are ours are answered.
 */
export interface ExpectedHosts {
  /** The address that the connection came in at: who asks by address is no page. */
  readonly address: string | undefined;
  /** Names and addresses, in which `*` stands for any characters. */
  readonly allowed: readonly string[];
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** @param header of the request; without one it is no browser's */
export function isExpectedHost(
  header: string | undefined,
  { address, allowed }: ExpectedHosts,
): boolean {
  if (header === undefined) return true;
  const host = nameIn(header);
  if (host === undefined) return false;
  if (loopback.test(host) || (address !== undefined && host === plain(address))) return true;
  return allowed.some((pattern) => matches(host, plain(pattern)));
}

/** Without the port, and the brackets of an IPv6 address. */
function nameIn(header: string): string | undefined {
  const [, inBrackets, name] =
    /^(?:\[([\da-f:.]+)\]|([^\s:[\]/@]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  const found = inBrackets ?? name;
  return found === undefined ? undefined : plain(found);
}

/** An IPv4 address is the same in IPv6's clothes; a name is, with a dot behind it. */
const plain = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/\.$/, '');

function matches(host: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(host);
}
