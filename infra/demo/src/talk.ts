import { randomUUID } from 'node:crypto';
import type { ChatClient } from './chat-client.js';
import { createConversation } from './conversation.js';
import { DemoError } from './errors.js';
import type { Heard } from './heard.js';
import { type Screen, spoken } from './screen.js';

/** The conversation with the bot, as it goes on. */
export interface Talk {
  /** Somebody asked the services to stop, so their end is no failure. */
  readonly exitSaid: boolean;
  say(text: string): Promise<void>;
  /**
   * Says the lines, each when the one before has been answered, and waits until nothing is owed any more; after `exit`, until `signal`.
   * @throws DemoError if the bot is silent for too long, or a line does not reach it
   */
  sayAll(lines: AsyncIterable<string> | Iterable<string>): Promise<void>;
  /** Waits for answers to what was said, but no longer than `ms`. */
  answers(ms: number): Promise<void>;
}

export interface TalkOptions {
  readonly chat: ChatClient;
  readonly screen: Screen;
  /** Show how long each answer took. */
  readonly timing: boolean;
  /** How long the bot may be silent, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

export const isExit = (text: string): boolean => text.trim().toLowerCase() === 'exit';

export function createTalk({ chat, screen, timing, timeoutMs, signal }: TalkOptions): Talk {
  const conversation = createConversation(performance.now());
  let exitSaid = false;
  let undelivered: string | undefined;
  const waits = new Set<() => void>();
  const wake = (): void => {
    for (const check of waits) check();
  };

  const hear = (message: Heard): void => {
    const { kind, jobNumber, answered } = conversation.heard(message, performance.now());
    if (kind === 'progress' && jobNumber !== undefined) {
      screen.progress(jobNumber, spoken('bot', message.body));
      return;
    }
    if (jobNumber !== undefined) screen.endProgress(jobNumber);
    if (kind === 'undelivered') {
      undelivered = `"${answered?.text ?? '?'}" did not reach the bot (${message.undelivered}).`;
      screen.show(`     (${undelivered})`);
      return;
    }
    screen.show(spoken('bot', message.body));
    if (timing && answered !== undefined) {
      screen.show(`     (answered in ${answered.afterMs.toFixed(1)} ms)`);
    }
  };
  chat.onHeard((message) => {
    hear(message);
    wake();
  });
  signal.addEventListener('abort', wake, { once: true });

  /** @returns whether it was reached before the bot had been silent, or the time was up, for so long */
  const until = async (reached: () => boolean, deadline: () => number): Promise<boolean> => {
    for (;;) {
      signal.throwIfAborted();
      if (undelivered !== undefined) throw new DemoError(undelivered);
      if (reached()) return true;
      const left = deadline() - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const check = (): void => {
          clearTimeout(timer);
          waits.delete(check);
          resolve();
        };
        const timer = setTimeout(check, left);
        waits.add(check);
      });
    }
  };
  const untilOrSilence = async (reached: () => boolean): Promise<void> => {
    if (await until(reached, () => conversation.lastAtMs + timeoutMs)) return;
    const missing = owed(conversation) || 'The dispatcher has not ended.';
    throw new DemoError(`Nothing heard for ${timeoutMs / 1000} s. ${missing}`);
  };
  const say = async (text: string): Promise<void> => {
    const id = randomUUID();
    exitSaid ||= isExit(text);
    screen.said(text);
    conversation.said(id, text, performance.now());
    await chat.say(id, text);
  };

  return {
    get exitSaid() {
      return exitSaid;
    },
    say,
    async sayAll(lines) {
      for await (const line of lines) {
        // Nobody would be left to answer after it.
        if (isExit(line)) await untilOrSilence(() => conversation.settled);
        await say(line);
        await untilOrSilence(() => conversation.unanswered.length === 0);
      }
      await untilOrSilence(() => conversation.settled);
      // The end of the dispatcher ends the run.
      if (exitSaid) await untilOrSilence(() => false);
    },
    async answers(ms) {
      const limit = performance.now() + ms;
      await until(
        () => conversation.unanswered.length === 0,
        () => limit,
      );
    },
  };
}

function owed({
  unanswered,
  openJobs,
}: {
  readonly unanswered: readonly string[];
  readonly openJobs: readonly string[];
}): string {
  const lines = unanswered.map((text) => `"${text}" has no answer.`);
  const jobs = openJobs.map((number) => `#${number} has not ended.`);
  return [...lines, ...jobs].join(' ');
}
