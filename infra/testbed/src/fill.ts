import { randomBytes } from 'node:crypto';
import {
  failedCodec,
  type JobResult,
  makeJobId,
  type NewJob,
  openLedger,
  RESERVED_PER_JOB_BYTES,
  resultsCodec,
  resultsKeptBy,
  sheetCodec,
} from '@heavylift/jobs';
import type { Provisioned } from '@heavylift/provision';
import { connectPubSub, createSession, type PubSubService } from '@heavylift/xmpp-pubsub';

const MIB = 1_048_576;
const KIB = 1_024;

/** How much is put into each node: what the default limits let in. */
export interface Filling {
  /** Bytes of open jobs: half of them as large as may be, half of them small. @default 23 MiB */
  readonly openBytes?: number;
  /** Bytes of failed jobs, each as large as may be. @default 16 MiB */
  readonly failedBytes?: number;
  /** Bytes of results of each lifter's item, on average. @default 16 KiB */
  readonly bytesPerResult?: number;
}

/** Fills the nodes of a system in which no service runs yet, to the limits of what its services let in. */
export async function fillNodes(provisioned: Provisioned, filling: Filling = {}): Promise<void> {
  const { openBytes = 23 * MIB, failedBytes = 16 * MIB, bytesPerResult = 16 * KIB } = filling;
  const { accounts } = provisioned;
  await asAccount(provisioned, accounts.bot, async (pubsub) => {
    await fillLedger(pubsub, provisioned.nodes.jobs, openBytes);
    await fillFailed(pubsub, provisioned.nodes.failed, failedBytes);
  });
  for (const lifter of accounts.lifters) {
    const items = resultsKeptBy(accounts.lifters.length);
    await asAccount(provisioned, lifter, (pubsub) =>
      fillResults(pubsub, provisioned.nodes.results, lifter.jid, items, items * bytesPerResult),
    );
  }
}

async function asAccount(
  { service, domain, pubsubJid, tls }: Provisioned,
  { username, password }: Provisioned['accounts']['bot'],
  act: (pubsub: PubSubService) => Promise<void>,
): Promise<void> {
  const session = createSession({
    ...{ service, domain, username, password, resource: `filler.${username}` },
    ...{ tls: { allowPlaintextOnLoopback: tls.allowPlaintextOnLoopback === true } },
    streamManagement: false,
  });
  await session.start();
  try {
    await act(connectPubSub(session, { jid: pubsubJid }));
  } finally {
    await session.stop();
  }
}

/** Waits for tomorrow, so that nothing of it runs. */
function openJob(index: number, text: string): NewJob {
  const now = Date.now();
  return {
    ...{ id: makeJobId(now, randomBytes(10)), kind: 'lift', args: { text } },
    requester: { jid: `somebody-${index % 20}@example.org/phone`, messageType: 'chat' },
    ...{ submitted: now, notBefore: now + 86_400_000, timeoutMs: 60_000, priority: 0 },
    ...{ attempt: 1, maxAttempts: 3, stalls: 0, target: { type: 'any' } },
    ...{ failures: [], state: { type: 'pending' } },
  };
}

async function fillLedger(pubsub: PubSubService, name: string, bytes: number): Promise<void> {
  const node = pubsub.node(name, sheetCodec);
  // Of no dispatcher: every term's epoch is higher.
  const ledger = openLedger({ epoch: 0, items: [] });
  const write = async () => {
    for (let next = ledger.nextFlush(); next !== undefined; next = ledger.nextFlush()) {
      await node.publish(next.sheet, { id: next.id });
      ledger.confirmed(next.id);
      for (let id = ledger.nextRetraction(); id !== undefined; id = ledger.nextRetraction()) {
        await node.retract(id, { notify: false });
        ledger.retracted(id);
      }
    }
  };
  const [large, small] = ['x'.repeat(23 * KIB), 'x'];
  let unwritten = 0;
  // As admission counts them.
  const taken = () => ledger.bytes + ledger.size * RESERVED_PER_JOB_BYTES;
  for (let index = 0; taken() < bytes; index += 1) {
    const isLarge = taken() < bytes / 2;
    ledger.add(openJob(index, isLarge ? large : small));
    unwritten += 1;
    // Full sheets, as a busy dispatcher writes them.
    if (unwritten < (isLarge ? 4 : 128)) continue;
    await write();
    unwritten = 0;
  }
  await write();
}

async function fillFailed(pubsub: PubSubService, name: string, bytes: number): Promise<void> {
  const entryBytes = 45 * KIB;
  const error = { class: 'Error', message: 'x'.repeat(999) };
  const entries = Array.from({ length: Math.floor(bytes / (entryBytes + 2 * KIB)) }, (_, index) => {
    const number = 1_000_000 + index;
    const entry = { ...openJob(index, 'x'.repeat(entryBytes)), number, revision: 1 };
    return { id: String(number), value: { entry, error, finished: Date.now() } };
  });
  await pubsub.node(name, failedCodec).publishAll(entries, { inFlight: 4 });
}

/** As few large items as there may be, and small ones in the other places. */
async function fillResults(
  pubsub: PubSubService,
  name: string,
  lifter: string,
  items: number,
  bytes: number,
): Promise<void> {
  const large = 63 * KIB;
  const many = Math.floor(bytes / (large + KIB));
  const entries = Array.from({ length: items }, (_, index) => ({
    id: `${lifter}:${index}`,
    value: [oldResult(lifter, index, index < many ? large : 1)],
  }));
  await pubsub.node(name, resultsCodec).publishAll(entries, { inFlight: 4 });
}

function oldResult(lifter: string, index: number, bytes: number): JobResult {
  const finished = Date.now() - 86_400_000 + index;
  return {
    ...{ job: makeJobId(finished, randomBytes(10)), number: 1 + index, kind: 'lift', attempt: 1 },
    ...{ lifter: `${lifter}/before`, submitted: finished - 1_000, started: finished - 500 },
    ...{ finished, failures: [], status: 'succeeded', value: 'x'.repeat(bytes) },
  };
}
