import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way to one node for the other nodes of a cluster: a relay that can be cut while all nodes live. */
export interface Link {
  /** Ends all connections, and every new one at once, until {@link Link.mend}. */
  cut(): void;
  mend(): void;
  /** Ends the relay with its connections. Idempotent. */
  close(): Promise<void>;
}

/** Accepts at `from` and passes everything on to `to`, both at the same port, and back. */
export async function openLink(from: string, to: string, port: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket, peer: Socket): void => {
    sockets.add(socket);
    // An error is followed by `close`, and an end on either side is the end of both.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      peer.destroy();
    });
  };
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, to);
    keep(near, far);
    keep(far, near);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(port, from);
  await once(server, 'listening');
  return {
    cut: () => {
      isCut = true;
      endAll();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      endAll();
      await closed;
    },
  };
}
