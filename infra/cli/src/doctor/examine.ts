import { sessionOptions } from '@heavylift/service';
import { createSession, isXmppError, type Session, type XmppError } from '@heavylift/xmpp-pubsub';
import { checkExposure } from './exposure-checks.js';
import { type Finding, right, unseen, wrong } from './finding.js';
import { checkLimits } from './limit-checks.js';
import type { Mends } from './mends.js';
import { checkConfiguration, checkNodes } from './node-checks.js';
import type { Patient } from './patient.js';
import { checkServer } from './server-checks.js';
import { checkStream } from './stream-checks.js';

export interface Account {
  readonly username: string;
  readonly password: string;
}

const loginTimeoutMs = 10_000;

/** Examines a server as one service meets it, one finding after the other. @param owner sees what only an owner of the nodes does */
export async function* examine(patient: Patient, owner: Account | undefined, mends: Mends) {
  const { config, role } = patient;
  const stream = await checkStream(patient);
  yield* stream;
  if (stream.some(({ verdict }) => verdict === 'wrong')) {
    yield unseen('login', 'not tried, for no service could log in safely');
    return;
  }
  const self = { username: config.XMPP_USERNAME, password: config.XMPP_PASSWORD };
  const login = await logIn(patient, self, mends);
  yield login.finding;
  if (login.session === undefined) return;
  {
    await using session = login.session;
    yield* await checkServer(session, config.XMPP_DOMAIN);
    const nodes = await checkNodes(session, patient, mends);
    yield* nodes;
    if (!nodes.some(({ verdict, code }) => verdict === 'wrong' && code.startsWith('pubsub.')))
      yield* await checkExposure(session, patient);
  }
  if (role === 'notifier' && config.BOT_USERNAME !== undefined) {
    const bot = { username: config.BOT_USERNAME, password: config.BOT_PASSWORD ?? '' };
    yield* await withSession(patient, bot, mends, async () => []);
  }
  if (owner === undefined) {
    yield unseen('node.configuration', 'only owners see all of it: --admin');
  } else {
    yield* await withSession(patient, owner, mends, (session) =>
      checkConfiguration(session, patient, mends),
    );
  }
  yield* (await withSession(patient, self, mends, checkLimits)).filter(
    ({ code }) => code !== 'login',
  );
}

async function withSession(
  patient: Patient,
  account: Account,
  mends: Mends,
  check: (session: Session) => Promise<Finding[]>,
): Promise<Finding[]> {
  const { session, finding } = await logIn(patient, account, mends);
  if (session === undefined) return [finding];
  await using open = session;
  return [finding, ...(await check(open))];
}

interface Login {
  readonly session: Session | undefined;
  readonly finding: Finding;
}

/** Without presence: nobody notices, and no message goes astray to us. */
async function logIn({ config }: Patient, account: Account, mends: Mends): Promise<Login> {
  const session = createSession({
    ...sessionOptions(config),
    ...account,
    resource: `doctor.${Math.random().toString(36).slice(2, 10)}`,
  });
  const jid = `${account.username}@${config.XMPP_DOMAIN}`;
  let last: XmppError | undefined;
  session.on('offline', ({ error }) => {
    last = error;
  });
  try {
    await session.start({ signal: AbortSignal.timeout(loginTimeoutMs) });
    return { session, finding: right('login', `${jid} is let in`) };
  } catch (error) {
    await session.stop();
    const cause = isXmppError(error, 'aborted') && last !== undefined ? last : error;
    if (!isXmppError(cause)) throw cause;
    return { session: undefined, finding: refusal(jid, cause, mends) };
  }
}

function refusal(jid: string, { code, message }: XmppError, { provision }: Mends): Finding {
  switch (code) {
    case 'authentication-failed':
      return wrong(
        'login.refused',
        `${jid}: ${message}`,
        `Compare the password with its file. ${provision} It makes an account that is gone and sets a password that does not fit.`,
      );
    case 'mechanism-refused':
      return wrong('mechanism.none', message, 'Offer SCRAM-SHA-256.');
    case 'tls-required':
      return wrong('tls.missing', message, 'Give the server a certificate.');
    case 'certificate-refused':
      return wrong('tls.certificate', message, 'Name its authority in XMPP_TLS_CA_FILE.');
    default:
      return wrong('login.failed', `${jid}: ${message}`, "See the server's log.");
  }
}
