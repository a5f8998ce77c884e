import xml from '@xmpp/xml';
import { describe, expect, it } from 'vitest';
import { createSession, isXmppError } from '../../src/index.js';
import { logIn, scriptedServer } from './scripted-server.js';

const body = 'x'.repeat(10_000);
const message = (id: number) => xml('message', { id: `${id}` }, xml('body', {}, body));

describe.each([{ sm: false }, { sm: true }])(
  'a server that stops reading (with stream management: $sm)',
  ({ sm }) => {
    it('costs a bounded amount of memory, and gets all that was accepted once it reads again', async () => {
      const arrived: number[] = [];
      let goOn: () => void = () => undefined;
      await using server = await scriptedServer(async (peer) => {
        await logIn(peer, { sm });
        peer.socket.pause();
        goOn = () => peer.socket.resume();
        for (;;) {
          const [, id] = await peer.expect(/<message id="(\d+)"/);
          arrived.push(Number(id));
        }
      });
      await using session = createSession({
        ...server.options,
        maxInFlight: 50,
        maxWaiting: 50,
        ping: false,
      });
      await session.start();
      const accepted: Promise<void>[] = [];
      const refused = { count: 0 };
      let id = 0;
      const offer = async () => {
        id += 1;
        const sent = session.send(message(id));
        // Accepted unless it is refused in this turn.
        const outcome = await Promise.race([
          sent.then(
            () => 'sent',
            (error: unknown) => (isXmppError(error, 'queue-full') ? 'refused' : 'failed'),
          ),
          new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits'))),
        ]);
        if (outcome === 'refused') refused.count += 1;
        else accepted.push(sent);
      };
      while (refused.count === 0) await offer();
      const heap = process.memoryUsage().heapUsed;
      for (let n = 0; n < 2_000; n += 1) await offer();
      expect(refused.count).toBe(2_001);
      expect(process.memoryUsage().heapUsed - heap).toBeLessThan(30_000_000);

      goOn();
      await Promise.all(accepted);
      await expect.poll(() => arrived.length, { timeout: 10_000 }).toBe(accepted.length);
      expect(arrived).toEqual(accepted.map((_, index) => index + 1));
    }, 20_000);
  },
);
