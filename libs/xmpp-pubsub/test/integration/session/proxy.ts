import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between client and server that can be cut. */
export interface Proxy extends AsyncDisposable {
  readonly service: string;
  /** Connections so far. */
  readonly connections: number;
  /** Breaks every connection; new ones are let through. */
  cut(): void;
  /** From now on nothing passes, in either direction, and nobody is told. Or everything again, for new connections. */
  blackHole(on: boolean): void;
}

export async function startProxy(service: string): Promise<Proxy> {
  const { hostname, port } = new URL(service);
  const sockets = new Set<Socket>();
  let connections = 0;
  let dark = false;
  const server = createServer({ noDelay: true }, (near) => {
    connections += 1;
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (!dark) to.write(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    service: `xmpp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    cut,
    blackHole(on) {
      dark = on;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
