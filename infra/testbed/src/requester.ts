import { randomUUID } from 'node:crypto';
import { decodeJobMark, decodeReplyTo, type JobMark } from '@heavylift/jobs';
import { createSession, readJid, type Session, type SessionOptions } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';

/** What the bot said, other than on progress. */
export interface Answer {
  /** The message's own id. */
  readonly id?: string;
  /** The request that it answers. */
  readonly request?: string;
  readonly job?: JobMark;
  readonly text: string;
}

export interface RequesterOptions {
  readonly session: SessionOptions;
  /** Bare JID. */
  readonly bot: string;
  /** The first answer to a request. */
  readonly onAnswered: (answer: Answer) => void;
  /** An outcome. */
  readonly onTold: (outcome: Answer & { readonly job: JobMark }) => void;
  /** A message came back: it did not reach the bot. */
  readonly onReturned?: (request: string) => void;
}

/** A chat user, as a program. */
export interface Requester {
  readonly session: Session;
  /**
   * Writes to the bot.
   * @param request names the message. @default a fresh id
   * @returns the message's id, by which the answer refers to it
   * @throws XmppError if nothing was sent
   */
  ask(text: string, request?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Logs in, in the background; requests fail until that is done. */
export function createRequester(options: RequesterOptions): Requester {
  const { bot, onAnswered, onTold, onReturned } = options;
  const session = createSession(options.session);
  session.on('online', ({ resumed }) => {
    // If it cannot be sent the stream is lost again, and the next one brings another chance.
    if (!resumed) session.send(xml('presence')).catch(() => undefined);
  });
  session.on('stanza', (stanza) => {
    if (!stanza.is('message') || bareFrom(stanza) !== bot) return;
    const id: unknown = stanza.attrs['id'];
    if (stanza.attrs['type'] === 'error') {
      if (typeof id === 'string') onReturned?.(id);
      return;
    }
    const text = stanza.getChildText('body');
    if (text !== null) hear(stanza, text);
  });

  function hear(stanza: Element, text: string): void {
    const id: unknown = stanza.attrs['id'];
    const request = decodeReplyTo(stanza);
    const answer: Answer = {
      text,
      ...(typeof id === 'string' ? { id } : {}),
      ...(request === undefined ? {} : { request }),
    };
    const job = decodeJobMark(stanza);
    if (job === undefined) onAnswered(answer);
    else if (job.state === 'scheduled') onAnswered({ ...answer, job });
    else if (job.state !== 'progress') onTold({ ...answer, job });
  }

  return {
    session,
    async ask(text, request = randomUUID()) {
      const body = xml('body', {}, text);
      await session.send(xml('message', { type: 'chat', to: bot, id: request }, body));
      return request;
    },
    stop: () => session.stop(),
  };
}

function bareFrom(stanza: Element): string | undefined {
  const from: unknown = stanza.attrs['from'];
  return readJid(from)?.bare;
}
