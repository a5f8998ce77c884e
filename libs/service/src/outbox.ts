/** Collects what is to be published: what comes while a publish is in flight goes out together in the next. */
export interface Outbox<T> {
  /** Resolves when the service has it. Rejects only if the outbox is closed before. */
  add(value: T): Promise<void>;
  /** Values not confirmed yet. */
  readonly size: number;
  /** Resolves when everything added so far is out. */
  drained(): Promise<void>;
  /** Ends it. What is not out yet is given up, and its promises reject with the reason. */
  close(reason: Error): void;
}

export interface OutboxOptions<T> {
  /** Publishes a batch under an item id. After a failure it is called again with the same batch and id, so a batch that had arrived is only overwritten. */
  readonly publish: (batch: readonly T[], itemId: string) => Promise<unknown>;
  readonly newItemId: () => string;
  /** Waits before the attempt after a failed one, which is counted from 1. */
  readonly pause: (attempt: number) => Promise<void>;
  readonly onFailure: (error: unknown, batch: readonly T[]) => void;
  /** Values in one item, at most. @default 64 */
  readonly maxBatch?: number;
  /** Bytes of one item, at most: a batch ends before the value that would go over it. @default 131_072 */
  readonly maxBytes?: number;
  /** Bytes of a value. @default nothing weighs anything */
  readonly weigh?: (value: T) => number;
}

interface Entry<T> {
  readonly value: T;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

export function createOutbox<T>(options: OutboxOptions<T>): Outbox<T> {
  const { publish, newItemId, pause, onFailure } = options;
  const { maxBatch = 64, maxBytes = 131_072, weigh = () => 0 } = options;
  let waiting: Entry<T>[] = [];
  let inFlight: readonly Entry<T>[] = [];
  let running = false;
  let closed: Error | undefined;
  let onDrained: (() => void)[] = [];

  function nextBatch(): Entry<T>[] {
    let bytes = 0;
    const tooMuch = waiting.findIndex(({ value }, index) => {
      bytes += weigh(value);
      return index > 0 && (index >= maxBatch || bytes > maxBytes);
    });
    return waiting.splice(0, tooMuch < 0 ? waiting.length : tooMuch);
  }

  async function publishBatch(batch: readonly Entry<T>[]): Promise<void> {
    const values = batch.map(({ value }) => value);
    const itemId = newItemId();
    for (let attempt = 1; closed === undefined; attempt += 1) {
      try {
        await publish(values, itemId);
        return;
      } catch (error) {
        if (closed !== undefined) return;
        onFailure(error, values);
        await pause(attempt);
      }
    }
  }

  async function run(): Promise<void> {
    while (waiting.length > 0 && closed === undefined) {
      inFlight = nextBatch();
      await publishBatch(inFlight);
      if (closed !== undefined) return;
      for (const { resolve } of inFlight) resolve();
      inFlight = [];
    }
    for (const resolve of onDrained.splice(0)) resolve();
  }

  function kick(): void {
    if (running) return;
    running = true;
    // The rest of the present turn may add more to the first batch.
    queueMicrotask(() => {
      run()
        .catch((error: unknown) => close(toError(error)))
        .finally(() => {
          running = false;
          if (waiting.length > 0 && closed === undefined) kick();
        });
    });
  }

  function close(reason: Error): void {
    if (closed !== undefined) return;
    closed = reason;
    for (const { reject } of [...inFlight, ...waiting]) reject(reason);
    inFlight = [];
    waiting = [];
    for (const resolve of onDrained) resolve();
    onDrained = [];
  }

  return {
    add(value) {
      if (closed !== undefined) return Promise.reject(closed);
      return new Promise((resolve, reject) => {
        waiting.push({ value, resolve, reject });
        kick();
      });
    },
    get size() {
      return waiting.length + inFlight.length;
    },
    drained() {
      if (closed !== undefined || waiting.length + inFlight.length === 0) return Promise.resolve();
      return new Promise((resolve) => onDrained.push(resolve));
    },
    close,
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
