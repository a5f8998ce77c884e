import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way from one process to the server, which can be made bad. Faults last until `heal`, and hit new connections too, except cuts. */
export interface Line extends AsyncDisposable {
  /** Where to connect instead, as an URL of the same scheme. */
  readonly service: string;
  /** Breaks every connection. */
  cut(): void;
  /** Breaks every connection in the middle of the next chunk, either way, that is long enough to have one. */
  cutInside(): void;
  /** From now on nothing arrives, and nobody is told. */
  blackHole(): void;
  /** From now on each chunk takes so long, in milliseconds, in each direction. */
  slow(delayMs: number): void;
  /** From now on everything is held back, in both directions; `heal` delivers it, in order. Nobody's connection breaks of it. */
  stall(): void;
  /** Stalls just before the next chunk that has this text is delivered, either way. Resolves then. */
  stallBefore(text: string): Promise<void>;
  /** New connections are sound again. Those in a black hole stay there: what was swallowed is missing, so they are cut. */
  heal(): void;
  close(): Promise<void>;
}

type Weather =
  | { readonly kind: 'fair' | 'dark' | 'cutting' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'stalled'; readonly isOver: Promise<void>; readonly end: () => void };

/** Chunks shorter than this, such as acknowledgements, go through whole. */
const shortestCut = 40;

export async function openLine(service: string): Promise<Line> {
  const { protocol, hostname, port } = new URL(service);
  const sockets = new Set<Socket>();
  let weather: Weather = { kind: 'fair' };
  let trap: { readonly text: string; readonly spring: () => void } | undefined;

  function stall(): void {
    const { promise: isOver, resolve: end } = promiseWithResolvers();
    weather = { kind: 'stalled', isOver, end };
  }

  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  function forward(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    sockets.add(from);
    from.on('data', (data) => {
      if (trap !== undefined && data.includes(trap.text)) {
        stall();
        trap.spring();
        trap = undefined;
      }
      switch (weather.kind) {
        case 'dark':
          return;
        case 'fair':
          // Whatever was slow before comes first.
          last = last.then(() => void to.write(data));
          return;
        case 'slow': {
          const due = performance.now() + weather.delayMs;
          last = last.then(() => until(due)).then(() => void to.write(data));
          return;
        }
        case 'stalled': {
          const { isOver } = weather;
          last = last.then(() => isOver).then(() => void to.write(data));
          return;
        }
        case 'cutting': {
          if (data.length < shortestCut) return void to.write(data);
          weather = { kind: 'fair' };
          to.write(data.subarray(0, data.length >> 1));
          to.end(cut);
        }
      }
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      // What it said last still arrives.
      last = last.then(() => void to.end(() => to.destroy()));
    });
  }

  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const ownPort = typeof address === 'object' && address !== null ? address.port : 0;
  async function close(): Promise<void> {
    const closed = once(server, 'close');
    server.close();
    if (weather.kind === 'stalled') weather.end();
    cut();
    await closed;
  }

  return {
    service: `${protocol}//127.0.0.1:${ownPort}`,
    cut,
    cutInside() {
      weather = { kind: 'cutting' };
    },
    blackHole() {
      weather = { kind: 'dark' };
    },
    slow(delayMs) {
      weather = { kind: 'slow', delayMs };
    },
    stall,
    stallBefore: (text) =>
      new Promise((spring) => {
        trap = { text, spring };
      }),
    heal() {
      const before = weather;
      weather = { kind: 'fair' };
      trap = undefined;
      if (before.kind === 'dark') cut();
      if (before.kind === 'stalled') before.end();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** As `Promise.withResolvers`, which Node 20 has not. */
function promiseWithResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}

const until = (due: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, due - performance.now()));
  });
