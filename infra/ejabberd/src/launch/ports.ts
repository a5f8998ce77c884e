import { createServer } from 'node:net';
import { LaunchError } from './error.js';

/**
 * Ports of 127.0.0.1 that nobody listens on, all different. Another program may take one before
 * the server does: a launcher must be ready to try again.
 *
 * @param preferred taken if still free, so that a kept server is found where it was.
 */
export async function freePorts(
  count: number,
  preferred: readonly number[] = [],
): Promise<number[]> {
  const reservations: Reservation[] = [];
  try {
    for (let i = 0; i < count; i += 1) reservations.push(await reserve(preferred[i] ?? 0));
    return reservations.map(({ port }) => port);
  } finally {
    await Promise.all(reservations.map(({ release }) => release()));
  }
}

interface Reservation {
  readonly port: number;
  release(): Promise<void>;
}

function reserve(port: number): Promise<Reservation> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (port === 0) reject(error);
      else resolve(reserve(0));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new LaunchError('start-failed', 'The system gave no TCP port.'));
        return;
      }
      resolve({
        port: address.port,
        release: () => new Promise((done) => server.close(() => done())),
      });
    });
  });
}
