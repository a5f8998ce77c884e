import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way to a cluster that a load balancer, or a domain's SRV records, give: to the first node that lets one in. */
export interface Balancer {
  /** Where to connect. */
  readonly service: string;
  /** Breaks every connection: the next ones begin at the first node again. */
  cut(): void;
  close(): Promise<void>;
}

/** @param services of the nodes, the one that is preferred first; asked anew for each connection */
export async function openBalancer(services: () => readonly string[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined); // tells 'close' too
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };

  async function admit(near: Socket): Promise<void> {
    for (const service of services()) {
      const far = keep(connect({ ...target(service), noDelay: true }));
      if (!(await isConnected(far))) continue;
      if (near.destroyed) far.destroy();
      far.on('data', (data) => void near.write(data));
      near.on('data', (data) => void far.write(data));
      // What one said last still reaches the other.
      far.on('close', () => near.destroySoon());
      near.on('close', () => far.destroySoon());
      return;
    }
    near.destroy();
  }

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
    keep(near);
    void admit(near).then(() => near.resume());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    service: `xmpp://127.0.0.1:${port}`,
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function target(service: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(service);
  return { host: hostname, port: Number(port) };
}

const isConnected = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
