import { messageOf } from '@heavylift/service';
import { hasCondition, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { doubt, type Finding, right, unseen, wrong } from './finding.js';

/** Oldest releases with the security fixes that concern a server like ours. */
const fixes: readonly { readonly name: RegExp; readonly since: string; readonly why: string }[] = [
  { name: /^ejabberd$/i, since: '26.07', why: 'later releases have security fixes' },
  { name: /^prosody$/i, since: '0.11.12', why: 'CVE-2022-0217, memory exhaustion before login' },
];

/** What holds for the server as a whole, as an account sees it. */
export async function checkServer(session: Session, domain: string): Promise<Finding[]> {
  return [
    await ping(session, domain),
    await version(session, domain),
    await clock(session, domain),
    await offlineMessages(session, domain),
    stackOfErlang(),
  ];
}

/** Not to be seen from outside, but for sending what would end the server. */
function stackOfErlang(): Finding {
  const text =
    'whether ejabberd has `+sss 8192` in its Erlang flags (ERL_ZFLAGS) shows on its machine only; without, deeply nested XML from any user ends it';
  return unseen('server.nested-xml', text);
}

async function ping(session: Session, domain: string): Promise<Finding> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    const answer = await ask(session, domain, xml('ping', { xmlns: 'urn:xmpp:ping' }));
    if ('error' in answer) {
      const mend = 'Enable mod_ping: services tell a dead connection by it.';
      return wrong('ping', `${domain} answers no ping: ${messageOf(answer.error)}`, mend);
    }
    times.push(performance.now() - began);
  }
  const median = times.sort((a, b) => a - b)[2] ?? 0;
  return right('ping', `answered in ${median.toFixed(1)} ms`);
}

async function version(session: Session, domain: string): Promise<Finding> {
  const answer = await ask(session, domain, xml('query', { xmlns: 'jabber:iq:version' }));
  if ('error' in answer)
    return unseen('version', 'the server does not tell its version (XEP-0092)');
  const name = answer.payload?.getChildText('name') ?? 'unknown';
  const number = answer.payload?.getChildText('version') ?? 'unknown';
  const fix = fixes.find((known) => known.name.test(name));
  if (fix === undefined || !isBefore(number, fix.since)) {
    return right('version', `${name} ${number}`);
  }
  const mend = `Take ${fix.since} or later, or make sure that your distribution has the fixes in its package.`;
  return doubt('version.old', `${name} ${number}: ${fix.why}`, mend);
}

/** By the numbers in it, one after the other; what is no number does not count. */
export function isBefore(version: string, since: string): boolean {
  const [a, b] = [numbers(version), numbers(since)];
  for (const [index, part] of b.entries()) {
    const other = a[index] ?? 0;
    if (other !== part) return other < part;
  }
  return false;
}

const numbers = (version: string): number[] =>
  (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);

async function clock(session: Session, domain: string): Promise<Finding> {
  const began = Date.now();
  const answer = await ask(session, domain, xml('time', { xmlns: 'urn:xmpp:time' }));
  const now = (began + Date.now()) / 2;
  const told = 'error' in answer ? undefined : answer.payload?.getChildText('utc');
  const time = Date.parse(told ?? '');
  if (Number.isNaN(time)) return unseen('clock', 'the server does not tell the time (XEP-0202)');
  const seconds = (now - time) / 1000;
  const text = `this machine's is ${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} the server's`;
  const mend = 'Set both by NTP: delayed starts and deadlines go by the clock.';
  return Math.abs(seconds) < 2 ? right('clock', text) : doubt('clock', text, mend);
}

async function offlineMessages(session: Session, domain: string): Promise<Finding> {
  const query = xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' });
  const answer = await ask(session, domain, query);
  if ('error' in answer) return unseen('offline-messages', messageOf(answer.error));
  const kept = answer.payload
    ?.getChildren('feature')
    .some(({ attrs }) => attrs['var'] === 'msgoffline');
  if (kept === true) return right('offline-messages', 'kept for who is away; how many is not told');
  const mend =
    'Enable mod_offline: people who are away are told later, commands wait for a dispatcher.';
  return doubt('offline-messages', 'the server keeps none', mend);
}

type Answer = { readonly payload: Element | undefined } | { readonly error: unknown };

async function ask(session: Session, to: string, payload: Element): Promise<Answer> {
  try {
    return { payload: await session.request({ type: 'get', to, payload }) };
  } catch (error) {
    // XEP-0199 section 4.1: an error like this one is an answer, too.
    if (payload.getName() === 'ping' && hasCondition(error, 'service-unavailable')) {
      return { payload: undefined };
    }
    return { error };
  }
}
