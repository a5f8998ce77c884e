import type { Confirmation, JobId, Ledger, Sheet } from '@heavylift/jobs';
import { hasCondition, type PubSubNode } from '@heavylift/xmpp-pubsub';

export interface LedgerWriterPorts {
  readonly node: Pick<PubSubNode<Sheet>, 'publish' | 'retract'>;
  /** Resolves when writing makes sense: online, and sure to be the leader still. Rejects when it never will again. */
  readonly mayWrite: () => Promise<void>;
  /**
   * Resolves when the service, asked after the call, has said that the lock is still ours. Rejects when it is not: another may have read
   * the node before our last sheets arrived.
   */
  readonly isStillOurs: () => Promise<void>;
  /** Entries that stand in the node for good now, and for whoever may lead next. */
  readonly onWritten: (confirmation: Confirmation) => void;
  /** A sheet was confirmed, so many milliseconds after it was sent. */
  readonly onPublished?: (sheet: Sheet, ms: number) => void;
  readonly onFailure: (error: unknown, retryInMs: number) => void;
}

/** The one place from which the `jobs` node is written, one publish at a time. */
export interface LedgerWriter {
  /** The ledger has changed: writes what is due, as soon as the present turn is over. */
  kick(): void;
  /** Whether the job, as it is now, stands in the node for whoever may lead next. */
  stands(job: JobId): boolean;
  /**
   * Has written anew what the node has lost.
   * @param itemIds reads the ids of all items that the node holds
   * @returns how many sheets it had lost; 0 too if so much is being written that it can't be known
   */
  verify(itemIds: () => Promise<readonly string[]>): Promise<number>;
  /** Writes what is due, then stops; or stops at once if it can't be written. */
  close(timeoutMs: number): Promise<void>;
}

/** Jobs let go wait this long for others, or for the next entry: one sheet serves them all. */
const removalsWaitMs = 40;
/** Dead sheets wait this long, for each other, and so that the server first passes on what the latest one brought. */
const retractionsWaitMs = 100;
/** So many dead sheets are retracted together, which takes one waking up of the server; more would keep a new sheet waiting. */
const retractionsAtOnce = 8;
const backoff = { initialMs: 100, maxMs: 5_000 };

export function createLedgerWriter(ledger: Ledger, ports: LedgerWriterPorts): LedgerWriter {
  const { node, mayWrite, isStillOurs, onWritten, onPublished, onFailure } = ports;
  let publishing = false;
  let retracting = false;
  let fencing = false;
  let closed = false;
  /** What the service has, and of which it is not known yet that the lock was still ours then. */
  let unfenced: Confirmation[] = [];
  /** How many sheets have been. */
  let written = 0;
  let removalsTimer: NodeJS.Timeout | undefined;
  let retractionsTimer: NodeJS.Timeout | undefined;
  const sleeping = new Set<() => void>();

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleeping.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      sleeping.add(wake);
    });

  async function publishDue(): Promise<void> {
    let failures = 0;
    do {
      await mayWrite();
      const flush = ledger.nextFlush();
      if (flush === undefined) return;
      try {
        const sent = performance.now();
        await node.publish(flush.sheet, { id: flush.id });
        onPublished?.(flush.sheet, performance.now() - sent);
        failures = 0;
        written += 1;
        const confirmation = ledger.confirmed(flush.id);
        if (confirmation !== undefined) fence(confirmation);
        retractionsTimer ??= setTimeout(retract, retractionsWaitMs);
      } catch (error) {
        // It may have arrived: the ledger gives the same sheet again, under the same id.
        ledger.publishFailed(flush.id);
        await waitAfter(error, ++failures);
      }
      // What is only to be let go waits for the next entry, or for its time.
    } while (!closed && ledger.due === 'entries');
  }

  /**
   * A sheet may arrive after another leader has read the node. So what it says counts for those who wait only if the lock was ours later
   * than the confirmation came. Meanwhile the next sheet is on its way, and one question serves all sheets that were confirmed before it.
   */
  function fence(confirmation: Confirmation): void {
    unfenced.push(confirmation);
    if (fencing) return;
    fencing = true;
    fenceAll().catch(endForGood);
  }

  async function fenceAll(): Promise<void> {
    try {
      while (unfenced.length > 0) {
        const before = unfenced.length;
        await isStillOurs();
        const safe = unfenced.slice(0, before);
        unfenced = unfenced.slice(before);
        for (const confirmation of safe) onWritten(confirmation);
      }
    } finally {
      fencing = false;
    }
  }

  /** Only what says whether we may write rejects: nothing will ever be written again. */
  function endForGood(error: unknown): void {
    closed = true;
    onFailure(error, 0);
  }

  async function waitAfter(error: unknown, failures: number): Promise<void> {
    const ms = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (failures - 1));
    onFailure(error, ms);
    await sleep(ms);
  }

  async function retractDue(): Promise<void> {
    for (let ids = nextRetractions(); ids.length > 0; ids = nextRetractions()) {
      // What a sheet says is dead is gone only for those who know that sheet, as everybody does who leads after us.
      await isStillOurs();
      const failed = (await Promise.all(ids.map(retractOne))).filter(
        (error) => error !== undefined,
      );
      if (failed.length > 0) await waitAfter(failed[0], 1);
      if (closed) return;
    }
  }

  function nextRetractions(): string[] {
    const ids: string[] = [];
    while (ids.length < retractionsAtOnce) {
      const id = ledger.nextRetraction();
      if (id === undefined) break;
      ids.push(id);
    }
    return ids;
  }

  /** @returns why it failed, if it may succeed another time */
  async function retractOne(id: string): Promise<unknown> {
    try {
      // Every reader knows from a later sheet that it is dead.
      await node.retract(id, { notify: false });
      ledger.retracted(id);
      return undefined;
    } catch (error) {
      if (hasCondition(error, 'item-not-found')) {
        ledger.retracted(id);
        return undefined;
      }
      ledger.retractFailed(id);
      return error;
    }
  }

  function retract(): void {
    retractionsTimer = undefined;
    if (retracting || closed) return;
    retracting = true;
    retractDue()
      .catch((error: unknown) => onFailure(error, 0))
      .finally(() => {
        retracting = false;
      });
  }

  function publish(): void {
    if (publishing || closed) return;
    publishing = true;
    clearTimeout(removalsTimer);
    removalsTimer = undefined;
    publishDue()
      .catch(endForGood)
      .finally(() => {
        publishing = false;
        if (ledger.due !== 'nothing') kick();
      });
  }

  function kick(): void {
    if (publishing || closed) return;
    if (ledger.due === 'entries') queueMicrotask(publish);
    else if (ledger.due === 'removals') removalsTimer ??= setTimeout(publish, removalsWaitMs);
  }

  return {
    kick,
    stands: (job) =>
      ledger.isConfirmed(job) &&
      !unfenced.some(({ written }) => written.some(({ id }) => id === job)),
    async verify(itemIds) {
      if (publishing || closed) return 0;
      const before = written;
      const ids = await itemIds();
      // A sheet that was written while the node was read may be missing among the ids, and is none the worse for it.
      if (publishing || closed || written !== before) return 0;
      const lost = ledger.verify(ids);
      kick();
      return lost;
    },
    async close(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      const isBusy = () => publishing || fencing || ledger.due !== 'nothing';
      while (!closed && isBusy() && performance.now() < deadline) {
        publish();
        await sleep(10);
      }
      closed = true;
      clearTimeout(removalsTimer);
      clearTimeout(retractionsTimer);
      for (const wake of [...sleeping]) wake();
    },
  };
}
