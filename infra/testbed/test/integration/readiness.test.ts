import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { type Provisioned, provision } from '@heavylift/provision';
import {
  type Affiliation,
  connectPubSub,
  createSession,
  type PubSubService,
  type Session,
} from '@heavylift/xmpp-pubsub';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Crew, createRequester, type Requester, startCrew } from '../../src/index.js';

const tls = { allowPlaintextOnLoopback: true };
const waiting = { timeout: 60_000, interval: 100 };

let server: EjabberdServer;
let provisioned: Provisioned;
let logs: string;
let crew: Crew;
let admin: Session;
let pubsub: PubSubService;
let ada: Requester;
const answers: string[] = [];
const told: string[] = [];

beforeAll(async () => {
  logs = await mkdtemp(join(tmpdir(), 'heavylift-readiness-'));
  server = await startEjabberd();
  const { service, domain, pubsub: pubsubJid } = server;
  provisioned = await provision({
    ...{ service, domain, pubsubJid, tls, admin: server.admin },
    lifters: 1,
    extraUsers: [{ username: 'ada', password: 'a-password-of-ada' }],
  });
  admin = createSession({ service, domain, tls, ...server.admin });
  await admin.start();
  pubsub = connectPubSub(admin, { jid: pubsubJid });
  crew = await startCrew({
    ...{ provisioned, logs, dispatchers: 1, notifiers: 1, lifters: 1, slots: 2 },
    env: { HEALTH_PORT: '0' },
  });
  for (const { name } of crew.members) await becomesReady(name);
  ada = createRequester({
    session: { service, domain, tls, username: 'ada', password: 'a-password-of-ada' },
    bot: provisioned.accounts.bot.jid,
    onAnswered: ({ text }) => void answers.push(text),
    onTold: ({ text }) => void told.push(text),
  });
  await ada.session.start();
});

afterAll(async () => {
  await ada?.stop();
  await crew?.stop();
  await admin?.stop();
  await server?.stop();
  await rm(logs, { recursive: true });
});

/** Of the process that was started last. */
async function get(name: string, path: string): Promise<Response> {
  const log = await readFile(join(logs, `${name}.log`), 'utf8');
  const serving = [...log.matchAll(/"url":"(http[^"]+)","msg":"serving health/g)].at(-1)?.[1];
  return fetch(`${serving}${path}`);
}

const readiness = async (name: string) => {
  const report = await get(name, '/readyz');
  const text = await report.text();
  return { status: report.status, text };
};

const becomesReady = (name: string) =>
  vi.waitFor(async () => expect(await readiness(name)).toMatchObject({ status: 200 }), waiting);

const saysOf = (name: string, pattern: RegExp) =>
  vi.waitFor(async () => {
    expect(await readiness(name)).toEqual({ status: 503, text: expect.stringMatching(pattern) });
  }, waiting);

const sample = async (name: string, metric: string) =>
  Number(
    new RegExp(`^${metric.replaceAll(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(
      await (await get(name, '/metrics')).text(),
    )?.[1],
  );

/** Who is subscribed may read, whatever his affiliation: so both go, and come back. */
async function grant(name: string, jid: string, affiliation: Affiliation): Promise<void> {
  const node = pubsub.node(name);
  if (affiliation === 'none') await node.setSubscriptions([{ jid, state: 'none' }]);
  await node.setAffiliations([{ jid, affiliation }]);
  if (affiliation !== 'none') await node.setSubscriptions([{ jid, state: 'subscribed' }]);
}

describe('a service that cannot read or write one of its nodes is not ready, and says which', () => {
  it('notifier: results; the dispatcher counts what is not delivered, `jobs` says so', async () => {
    const { nodes, accounts } = provisioned;
    await grant(nodes.results, accounts.notifier.jid, 'none');
    await crew.of('notifier')[0]?.restart();
    await saysOf('notifier-1', /"read heavylift\/results":"cannot be read: /);
    await vi.waitFor(async () => {
      await ada.ask('lift 1');
      await vi.waitFor(async () => {
        expect(
          await sample('dispatcher-1', 'heavylift_jobs_undelivered{handler="lift"}'),
        ).toBeGreaterThan(0);
      });
    }, waiting);
    answers.length = 0;
    await vi.waitFor(async () => {
      await ada.ask('jobs');
      await vi.waitFor(() =>
        expect(answers.join()).toMatch(/done .* ago; its requester has not been told yet/),
      );
    }, waiting);
    await vi.waitFor(async () => {
      const log = await readFile(join(logs, 'notifier-1.log'), 'utf8');
      expect(log).toMatch(/"waitsFor":\{.*"read heavylift\/results".*"msg":"not ready"/);
    }, waiting);
    expect(told).toEqual([]);
    await grant(nodes.results, accounts.notifier.jid, 'member');
    await becomesReady('notifier-1');
    await vi.waitFor(() => expect(told.join()).toContain('Done lifting'), waiting);
    await vi.waitFor(async () => {
      expect(await sample('dispatcher-1', 'heavylift_jobs_undelivered{handler="lift"}')).toBe(0);
    }, waiting);
  });

  it('lifter: the ledger', async () => {
    const { nodes, accounts } = provisioned;
    const [lifter = accounts.bot] = accounts.lifters;
    await grant(nodes.jobs, lifter.jid, 'none');
    await crew.of('lifter')[0]?.restart();
    await saysOf('lifter-1', /"read heavylift\/jobs":"cannot be read: /);
    await grant(nodes.jobs, lifter.jid, 'member');
    await becomesReady('lifter-1');
  });

  it('lifter: handlers, which it writes', async () => {
    const { nodes, accounts } = provisioned;
    const [lifter = accounts.bot] = accounts.lifters;
    const handlers = pubsub.node(nodes.handlers);
    await handlers.setAffiliations([{ jid: lifter.jid, affiliation: 'none' }]);
    await crew.of('lifter')[0]?.restart();
    await saysOf('lifter-1', /"write heavylift\/handlers":"cannot be written: /);
    await handlers.setAffiliations([{ jid: lifter.jid, affiliation: 'publisher' }]);
    await becomesReady('lifter-1');
  });

  it('dispatcher: results', async () => {
    const { nodes, accounts } = provisioned;
    await grant(nodes.results, accounts.bot.jid, 'none');
    await crew.of('dispatcher')[0]?.restart();
    await saysOf('dispatcher-1', /"read heavylift\/results":"cannot be read: /);
    await grant(nodes.results, accounts.bot.jid, 'publisher');
    await becomesReady('dispatcher-1');
  });
});
