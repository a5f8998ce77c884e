import type { Order } from '@heavylift/jobs';
import {
  hasCondition,
  isXmppError,
  readForm,
  type Session,
  writeForm,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import type { DispatcherWatch, InOffice } from './dispatcher.js';
import { JobClientError } from './errors.js';
import { createOrders } from './orders.js';
import { createSharedPause } from './shared-pause.js';
import type { AcceptedJob } from './types.js';
import { createGate, ownSignal, pause } from './waiting.js';

const NS_COMMANDS = 'http://jabber.org/protocol/commands';
const NS_DATA = 'jabber:x:data';
/** Commands under way at a time; the bot takes so many in a row from one account. */
const mostAtOnce = 16;
const firstPauseMs = 250;
const longestPauseMs = 4_000;
/** How often a command is given that breaks the bot: it may have been the moment. */
const mostBreakages = 5;

/** What came of a command: fields by name, and the words for people. */
export interface CommandAnswer {
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
}

/** What it took: more than once, and the one that counted may be an earlier one. */
interface Persistence {
  readonly attempts: number;
}

/** What is asked of the bot, again and again until the dispatcher of the hour has answered. So it must do no harm to ask it twice. */
export interface Commands {
  /**
   * Gives a command in one step (XEP-0050 section 3.2).
   * @throws JobClientError `refused`, `conflict`; the signal's reason
   */
  give(
    name: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<CommandAnswer & Persistence>;
  /**
   * Orders a job: many at a time, where the dispatcher takes that.
   * @param signal of this order alone
   * @throws JobClientError `refused`, `conflict`; the signal's reason
   */
  order(order: Order, signal: AbortSignal): Promise<AcceptedJob & Persistence>;
}

export function createCommands(
  session: Pick<Session, 'request'>,
  dispatcher: DispatcherWatch,
): Commands {
  const gate = createGate(mostAtOnce);
  const orders = createOrders(session);
  const shared = createSharedPause(Date.now);

  async function persist<T>(
    name: string,
    signal: AbortSignal,
    once: (to: InOffice) => Promise<T>,
    pauseOf: (ms: number) => number = (ms) => ms,
  ): Promise<T & Persistence> {
    for (let attempts = 1, breakages = 0; ; attempts += 1) {
      signal.throwIfAborted();
      const to = await dispatcher.whenThere(signal);
      try {
        return { ...(await once(to)), attempts };
      } catch (error) {
        signal.throwIfAborted();
        if (hasCondition(error, 'internal-server-error')) breakages += 1;
        if (!isPassing(error) || breakages >= mostBreakages) throw refusal(name, error);
      }
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
      await pause(pauseOf(longest * (0.5 + Math.random() / 2)), signal);
    }
  }

  async function execute(
    to: string,
    name: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<CommandAnswer> {
    const form = writeForm({
      type: 'submit',
      fields: Object.entries(fields).map(([field, value]) => ({ name: field, values: [value] })),
    });
    const payload = xml('command', { xmlns: NS_COMMANDS, node: name, action: 'execute' }, form);
    return readAnswer(await session.request({ type: 'set', to, payload, signal }));
  }

  /** As a command of its own, of a dispatcher that takes no orders. */
  async function single(to: string, order: Order, signal: AbortSignal): Promise<AcceptedJob> {
    const { command, fields, submission } = order;
    const named = { ...fields, 'heavylift#submission': submission };
    const answer = await gate.pass(() => execute(to, command, named, signal));
    const id = answer.fields.get('job-id') ?? '';
    const number = Number(answer.fields.get('number'));
    if (id === '' || !Number.isSafeInteger(number))
      throw new JobClientError('refused', `${command} is no job: ${answer.text}`);
    return { id, number, text: answer.text };
  }

  return {
    give(name, fields, given) {
      const signal = ownSignal(given);
      return gate.pass(() =>
        persist(name, signal, ({ jid }) => execute(jid, name, fields, signal)),
      );
    },
    order(order, signal) {
      return persist(
        order.command,
        signal,
        async (to) => {
          if (to.orders === 0) return single(to.jid, order, signal);
          if (shared.left() > 0) await pause(shared.left(), signal);
          return orders.place(to, order, signal);
        },
        shared.begin,
      );
    },
  };
}

/** Whether the same may go well a little later, or with the next dispatcher. */
function isPassing(error: unknown): boolean {
  if (isXmppError(error, 'timeout', 'disconnected', 'not-online', 'queue-full')) return true;
  if (!isXmppError(error, 'stanza-error')) return false;
  // The server answers for a session that has gone.
  const isGone = hasCondition(error, 'service-unavailable', 'recipient-unavailable');
  return isGone || error.stanza?.type === 'wait' || hasCondition(error, 'internal-server-error');
}

function refusal(name: string, error: unknown): JobClientError {
  if (!isXmppError(error)) throw error;
  if (error.code === 'stopped')
    return new JobClientError('closed', 'the session is over', { cause: error });
  const condition = error.stanza?.condition;
  const code = condition === 'conflict' ? 'conflict' : 'refused';
  return new JobClientError(code, `${name}: ${error.stanza?.text ?? error.message}`, {
    cause: error,
    ...(condition === undefined ? {} : { condition }),
  });
}

function readAnswer(answer: Element | undefined): CommandAnswer {
  const form = answer?.getChild('x', NS_DATA);
  const fields = form === undefined ? [] : readForm(form).fields;
  return {
    fields: new Map(fields.map(({ name, values }) => [name, values.join('\n')])),
    text: answer?.getChildText('note') ?? '',
  };
}
