import { PassThrough } from 'node:stream';
import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { createSession, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ChatClient, createChatClient } from '../../src/chat-client.js';
import { plainScreen } from '../../src/screen.js';
import { createTalk, type TalkOptions } from '../../src/talk.js';

const tls = { allowPlaintextOnLoopback: true };

/** Answers `text`, said under `id` by `to`. */
type Bot = (said: { id: string; text: string; to: string }) => Element[];

describe('a talk with a bot', () => {
  let server: EjabberdServer;
  let bot: Session;
  let stranger: Session;
  let chat: ChatClient;
  let output: PassThrough;
  let over: AbortController;
  let answer: Bot;
  const texts: string[] = [];

  const logIn = (username: string) => {
    const { service, domain } = server;
    return createSession({ service, domain, username, password: `${username}'s secret`, tls });
  };
  const talk = (options: Partial<TalkOptions> = {}) =>
    createTalk({
      chat,
      screen: plainScreen(output),
      timing: false,
      timeoutMs: 20_000,
      signal: over.signal,
      ...options,
    });
  const transcript = (): string[] =>
    String(output.read() ?? '')
      .trimEnd()
      .split('\n');

  const message = (to: string, body: string, ...more: Element[]) =>
    xml('message', { type: 'chat', to }, xml('body', {}, body), ...more);
  const reply = (id: string, to: string) => xml('reply', { xmlns: 'urn:xmpp:reply:0', id, to });
  const job = (number: string, state: string) =>
    xml('job', { xmlns: 'urn:heavylift:job:1', id: `job-${number}`, number, state });

  beforeAll(async () => {
    server = await startEjabberd();
    for (const name of ['bot', 'you', 'stranger']) await server.register(name, `${name}'s secret`);
    bot = logIn('bot');
    bot.on('stanza', (stanza) => {
      const text = stanza.getChildText('body');
      const { from, id } = stanza.attrs;
      if (!stanza.is('message') || text === null || typeof from !== 'string') return;
      texts.push(text);
      for (const part of answer({ id: String(id), text, to: from })) void bot.send(part);
    });
    await bot.start();
    await bot.send(xml('presence'));
    stranger = logIn('stranger');
    await stranger.start();
  }, 120_000);
  afterAll(async () => {
    await Promise.all([bot?.stop(), stranger?.stop()]);
    await server?.stop();
  });

  beforeEach(async () => {
    answer = () => [];
    texts.length = 0;
    output = new PassThrough({ encoding: 'utf8' });
    over = new AbortController();
    const { service, domain } = server;
    chat = createChatClient(
      { service, domain, username: 'you', password: "you's secret", tls },
      'bot@localhost',
    );
    await chat.session.start();
  });
  afterEach(() => chat.session.stop());

  it('says one line after the other, and waits for what was scheduled', async () => {
    let number = 0;
    answer = ({ id, text, to }) => {
      if (text !== 'lift') return [message(to, `Dunno how to ${text}`, reply(id, to))];
      number += 1;
      const mine = String(number);
      setTimeout(() => void bot.send(message(to, `Done #${mine}`, job(mine, 'succeeded'))), 2_000);
      return [
        message(to, `Scheduled #${mine}`, reply(id, to), job(mine, 'scheduled')),
        message(to, `#${mine}: 50 %`, job(mine, 'progress')),
      ];
    };
    await talk().sayAll(['lift', 'lift', 'dance']);
    const lines = transcript();
    expect(lines.slice(0, 2)).toEqual(['you: lift', 'bot: Scheduled #1']);
    expect([...lines].sort()).toEqual(
      [
        'you: lift',
        'bot: Scheduled #1',
        'bot: #1: 50 %',
        'you: lift',
        'bot: Scheduled #2',
        'bot: #2: 50 %',
        'you: dance',
        'bot: Dunno how to dance',
        'bot: Done #1',
        'bot: Done #2',
      ].sort(),
    );
    expect(lines.at(-1)).toMatch(/^bot: Done #[12]$/);
  });

  it('shows how long an answer took', async () => {
    answer = ({ id, to }) => [message(to, 'Yes', reply(id, to))];
    await talk({ timing: true }).sayAll(['really?']);
    expect(transcript()).toEqual([
      'you: really?',
      'bot: Yes',
      expect.stringMatching(/^ {5}\(answered in \d+\.\d ms\)$/),
    ]);
  });

  it('hears nobody but the bot', async () => {
    answer = ({ id, to }) => {
      void stranger
        .sendConfirmed(message(to, 'I am the bot', reply(id, to)))
        .then(() => bot.send(message(to, 'I am', reply(id, to))));
      return [];
    };
    await talk().sayAll(['who are you?']);
    expect(transcript()).toEqual(['you: who are you?', 'bot: I am']);
  });

  it('waits before `exit` until all is done, and then for the end', async () => {
    answer = ({ id, text, to }) => {
      if (text === 'exit') {
        setTimeout(() => over.abort(new Error('the dispatcher ended')), 2_000);
        return [message(to, 'Bye', reply(id, to))];
      }
      setTimeout(() => void bot.send(message(to, 'Done #1', job('1', 'succeeded'))), 300);
      return [message(to, 'Scheduled #1', reply(id, to), job('1', 'scheduled'))];
    };
    const it = talk();
    await expect(it.sayAll(['lift', 'exit'])).rejects.toThrow('the dispatcher ended');
    expect(it.exitSaid).toBe(true);
    expect(transcript()).toEqual([
      'you: lift',
      'bot: Scheduled #1',
      'bot: Done #1',
      'you: exit',
      'bot: Bye',
    ]);
  });

  it('fails when a line gets no answer', async () => {
    await expect(talk({ timeoutMs: 3_000 }).sayAll(['hello?'])).rejects.toThrow(
      'Nothing heard for 3 s. "hello?" has no answer.',
    );
  });

  it('fails when a job does not end', async () => {
    answer = ({ id, to }) => [message(to, 'Scheduled', reply(id, to), job('7', 'scheduled'))];
    await expect(talk({ timeoutMs: 3_000 }).sayAll(['lift'])).rejects.toThrow(
      'Nothing heard for 3 s. #7 has not ended.',
    );
  });

  it('fails when nothing ends after `exit`', async () => {
    answer = ({ id, to }) => [message(to, 'Bye', reply(id, to))];
    await expect(talk({ timeoutMs: 3_000 }).sayAll(['exit'])).rejects.toThrow(
      'Nothing heard for 3 s. The dispatcher has not ended.',
    );
  });

  it('fails when a line comes back', async () => {
    const { service, domain } = server;
    const lonely = createChatClient(
      { service, domain, username: 'you', password: "you's secret", tls },
      'nobody@localhost',
    );
    await lonely.session.start();
    try {
      await expect(talk({ chat: lonely }).sayAll(['hello?'])).rejects.toThrow(
        '"hello?" did not reach the bot (service-unavailable).',
      );
    } finally {
      await lonely.session.stop();
    }
  });

  it('stops waiting when the run is over', async () => {
    const said = talk().sayAll(['hello?']);
    setTimeout(() => over.abort(new Error('the run is over')), 100);
    await expect(said).rejects.toThrow('the run is over');
  });
});
