/** The account of a JID as a server writes it: all before the first slash (RFC 7622 section 3.1). */
export function bareOf(jid: string): string {
  const slash = jid.indexOf('/');
  return slash === -1 ? jid : jid.slice(0, slash);
}
