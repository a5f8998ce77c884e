import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A wire that can be cut. */
export interface Wire {
  readonly port: number;
  /** Breaks every connection, and refuses new ones until it is mended. */
  cut(): void;
  /** Lets nothing more through from the server, until it is mended. */
  deafen(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openWire(target: { host: string; port: number }): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isDeaf = false;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target);
    track(upstream);
    client.pipe(upstream);
    upstream.on('data', (data) => {
      if (!isDeaf) client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    deafen() {
      isDeaf = true;
    },
    mend() {
      isCut = false;
      isDeaf = false;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
