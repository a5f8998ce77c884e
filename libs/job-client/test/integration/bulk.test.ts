import { createSession, type IqRequest, type Session } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectJobs } from '../../src/index.js';
import { type System, startSystem } from './system.js';

let system: System;
beforeAll(async () => {
  // As it is by default.
  system = await startSystem({ messagesPerSecond: 1 });
  await system.ready();
});
afterAll(() => system?.stop());

/** The session, with its requests counted. */
function counting(session: Session): { session: Session; requests: () => number } {
  let requests = 0;
  const counted: Session = Object.create(session, {
    request: {
      value: (asked: IqRequest) => {
        requests += 1;
        return session.request(asked);
      },
    },
  });
  return { session: counted, requests: () => requests };
}

it('a program has 1,000 jobs done by default limits, asked for in few requests', async () => {
  const own = createSession(system.account('ann'));
  own.on('online', () => void own.send(xml('presence')));
  await own.start();
  const { session, requests } = counting(own);
  const jobs = await connectJobs({ session, bot: system.bot, pubsubJid: system.server.pubsub });
  const handles = Array.from({ length: 1_000 }, (_, a) => jobs.submit('add', { a }));
  const results = await Promise.all(handles);
  expect(results.at(-1)).toEqual({ sum: 999, label: '' });
  // 64 orders fit into a request.
  expect(requests()).toBeLessThan(100);
  await jobs.close();
  await own.stop();
});
