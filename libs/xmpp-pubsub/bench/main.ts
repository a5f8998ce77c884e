/**
 * `npm run bench:pubsub`: what this library costs beside the bare client and a hand-written loop. Items are not kept, so that the server
 * is as little of it as can be. The contenders take short turns, all in this process, each with accounts and a node of its own;
 * ratios are taken within a round of turns, and their median counts, so a machine that is busy with other things spoils little.
 */
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { connectPubSub, createSession } from '@heavylift/xmpp-pubsub';
import { bareClient } from './bare-client.js';
import type { Arena, Contender, Enter } from './contender.js';
import { quantile, type TakeTurn, type Turn, turns } from './measure.js';
import { minimalLoop } from './minimal-loop.js';
import { ours } from './ours.js';
import { flood } from './replica.js';

const ROUNDS = 40;
const TURN_MS = 150;
const IN_FLIGHT = [1, 16, 64];
const LIMIT = 1.15;
const MILLION = 1_000_000;

const contenders: Readonly<Record<string, Enter>> = {
  'this library': ours(true),
  'this library, no XEP-0198': ours(false),
  '@xmpp/client, stock': bareClient(false),
  '@xmpp/client, TCP_NODELAY': bareClient(true),
  'minimal loop': minimalLoop,
};
/** Like is held to the limit beside like: stream management is traffic that the loop does not have, so what it costs is only told. */
const comparisons = [
  { mine: 'this library', rival: '@xmpp/client, stock', held: true },
  { mine: 'this library', rival: '@xmpp/client, TCP_NODELAY', held: true },
  { mine: 'this library, no XEP-0198', rival: 'minimal loop', held: true },
  { mine: 'this library', rival: 'minimal loop', held: false },
];

const say = (line: string) => process.stdout.write(`${line}\n`);
const median = (values: readonly number[]) => quantile(values, 0.5);

const server = await startEjabberd({ nodeCreators: 'all', disabledMechanisms: [] });
try {
  for (const inFlight of IN_FLIGHT) report(inFlight, await compete(inFlight));
} finally {
  await server.stop();
}

const { heap, rate } = await flood(MILLION);
say(`\n${MILLION} events through one replica: ${Math.round(rate)} a second`);
say(`heap before, and after each tenth, MiB: ${heap.map((each) => each.toFixed(1)).join(' ')}`);

/** @returns the turns of each contender, round by round */
async function compete(inFlight: number): Promise<Map<string, Turn[]>> {
  const entered: { name: string; contender: Contender; turn: TakeTurn; done: Turn[] }[] = [];
  for (const [name, enter] of Object.entries(contenders)) {
    const contender = await enter(await prepare(server, `${inFlight}-${entered.length}`));
    entered.push({ name, contender, turn: turns(contender), done: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { turn, done } of entered) done.push(await turn(TURN_MS, inFlight));
    entered.reverse();
  }
  for (const { contender } of entered) await contender.close();
  entered.reverse();
  // The first rounds warm up, and are not counted.
  return new Map(entered.map(({ name, done }) => [name, done.slice(ROUNDS / 8)]));
}

/** Accounts, a node and a subscription of one contender. */
async function prepare(at: EjabberdServer, suffix: string): Promise<Arena> {
  const { service, domain, pubsub, register } = at;
  const [publisher, subscriber, password] = [`pub-${suffix}`, `sub-${suffix}`, 'secret'];
  await register(publisher, password);
  await register(subscriber, password);
  const tls = { allowPlaintextOnLoopback: true };
  const session = createSession({ service, domain, username: publisher, password, tls });
  await session.start();
  const node = connectPubSub(session, { jid: pubsub }).node(`node-${suffix}`);
  await node.create({ persistItems: false, sendLastPublishedItem: 'never', accessModel: 'open' });
  await node.setSubscriptions([{ jid: `${subscriber}@${domain}`, state: 'subscribed' }]);
  await session.stop();
  return { service, domain, pubsub, publisher, subscriber, password, node: node.name };
}

function report(inFlight: number, all: ReadonlyMap<string, readonly Turn[]>): void {
  say(
    `\n${`${inFlight} in flight`.padEnd(27)}publishes/s  p50 ms  p99 ms   events/s  p50 ms  p99 ms   CPU us each`,
  );
  for (const [name, done] of all) {
    const cells = [
      median(done.map(({ items, publishing }) => (items / publishing) * 1_000))
        .toFixed(0)
        .padStart(11),
      ...latencies(done.flatMap(({ confirmations }) => confirmations)),
      median(done.map(({ items, hearing }) => (items / hearing) * 1_000))
        .toFixed(0)
        .padStart(11),
      ...latencies(done.flatMap(({ events }) => events)),
      median(done.map(({ items, cpu }) => cpu / items))
        .toFixed(0)
        .padStart(14),
    ];
    say(`${name.padEnd(27)}${cells.join('')}`);
  }
  for (const { mine, rival, held } of comparisons) {
    const ratio = (key: 'publishing' | 'hearing') => timeBeside(all, mine, rival, key);
    const [publishes, events] = [ratio('publishing'), ratio('hearing')];
    const within = Math.max(publishes, events) <= LIMIT;
    if (held && !within) process.exitCode = 1;
    const verdict = held ? `${within ? 'within' : 'OVER'} ${LIMIT}` : 'stream management included';
    say(
      `  time of '${mine}' beside '${rival}': publishes ${publishes.toFixed(2)}, events ${events.toFixed(2)}, ${verdict}`,
    );
  }
}

function latencies(values: readonly number[]): string[] {
  return [0.5, 0.99].map((q) => quantile(values, q).toFixed(2).padStart(8));
}

/** Time an item takes as a multiple of what it takes the rival, in the middle round. */
function timeBeside(
  all: ReadonlyMap<string, readonly Turn[]>,
  mine: string,
  rival: string,
  key: 'publishing' | 'hearing',
): number {
  const each = (name: string) => (all.get(name) ?? []).map((turn) => turn[key] / turn.items);
  const theirs = each(rival);
  return median(each(mine).map((time, index) => time / (theirs[index] ?? Number.NaN)));
}
