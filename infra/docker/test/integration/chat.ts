import { createSession, type Session, type SessionOptions } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { expect, vi } from 'vitest';

/** Somebody who talks with the bot. */
export interface Person {
  /** Has a job done. @param waitMs for services that are starting, and then for the job */
  liftOnce(waitMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function logIn(options: SessionOptions): Promise<Person> {
  const session: Session = createSession(options);
  const heard: string[] = [];
  session.on('stanza', (stanza) => {
    const text = stanza.is('message') ? stanza.getChildText('body') : null;
    if (text !== null) heard.push(text);
  });
  await session.start();
  await session.send(xml('presence'));
  const to = `bot@${options.domain}`;
  const ask = (text: string) =>
    session.send(xml('message', { type: 'chat', to }, xml('body', {}, text)));

  return {
    liftOnce: async (waitMs) => {
      // What a lifter can do is known once it has announced itself.
      await vi.waitFor(
        async () => {
          await ask('help');
          await vi.waitFor(() => expect(heard.splice(0).join('\n')).toMatch(/\blift\b/));
        },
        { timeout: waitMs, interval: 1_000 },
      );
      await ask('lift 1');
      await vi.waitFor(() => expect(heard.splice(0).join('\n')).toMatch(/Done lifting/), {
        timeout: waitMs,
      });
    },
    stop: () => session.stop(),
  };
}
