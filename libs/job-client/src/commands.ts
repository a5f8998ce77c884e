import {
  hasCondition,
  isXmppError,
  readForm,
  type Session,
  writeForm,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import type { DispatcherWatch } from './dispatcher.js';
import { JobClientError } from './errors.js';
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

export interface Commands {
  /**
   * Gives a command in one step (XEP-0050 section 3.2), again and again until the dispatcher of the hour has answered it. So it must do no
   * harm to give it twice.
   * @throws JobClientError `refused`; the signal's reason
   */
  give(
    name: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<CommandAnswer & { readonly attempts: number }>;
}

export function createCommands(session: Session, dispatcher: DispatcherWatch): Commands {
  const gate = createGate(mostAtOnce);

  async function give(name: string, fields: Readonly<Record<string, string>>, signal: AbortSignal) {
    const form = writeForm({
      type: 'submit',
      fields: Object.entries(fields).map(([field, value]) => ({ name: field, values: [value] })),
    });
    const payload = xml('command', { xmlns: NS_COMMANDS, node: name, action: 'execute' }, form);
    for (let attempts = 1, breakages = 0; ; attempts += 1) {
      signal.throwIfAborted();
      const to = await dispatcher.whenThere(signal);
      try {
        const answer = await session.request({ type: 'set', to, payload, signal });
        return { ...readAnswer(answer), attempts };
      } catch (error) {
        signal.throwIfAborted();
        if (hasCondition(error, 'internal-server-error')) breakages += 1;
        if (!isPassing(error) || breakages >= mostBreakages) throw refusal(name, error);
      }
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
      await pause(longest * (0.5 + Math.random() / 2), signal);
    }
  }

  return { give: (name, fields, signal) => gate.pass(() => give(name, fields, ownSignal(signal))) };
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
  return new JobClientError('refused', `${name}: ${error.stanza?.text ?? error.message}`, {
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
