import { isXmppError, type Session } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';

const commandsNamespace = 'http://jabber.org/protocol/commands';
const formNamespace = 'jabber:x:data';

/** A field's value, or several. */
export type FormFields = Readonly<Record<string, string>>;

/** The other side's own words on how a command ended, where it gave any. */
export interface CommandNote {
  readonly type: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** What a command came to. */
export interface CommandOutcome {
  readonly notes: readonly CommandNote[];
}

/** An ad-hoc command did not go the way of asking for one form and then being done. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/**
 * Runs an ad-hoc command of one form (XEP-0050 sections 2.3 and 2.4, XEP-0004): asks for the form, submits it filled in.
 * @throws XmppError if a request fails
 * @throws CommandError if the command does not ask for a form, or is not done after it
 */
export async function runCommand(
  session: Session,
  to: string,
  node: string,
  fields: FormFields,
): Promise<CommandOutcome> {
  const asked = await step(session, to, xml('command', commandAttributes(node)));
  if (asked.attrs['status'] !== 'executing' || asked.getChild('x', formNamespace) === undefined) {
    throw new CommandError(`The command ${node} of ${to} asks for no form. ${wordsOf(asked)}`);
  }
  const sessionid = asked.attrs['sessionid'];
  const answer = xml(
    'command',
    { ...commandAttributes(node), ...(typeof sessionid === 'string' ? { sessionid } : {}) },
    submission(fields),
  );
  const done = await step(session, to, answer);
  if (done.attrs['status'] !== 'completed') {
    throw new CommandError(`The command ${node} of ${to} asks for more. ${wordsOf(done)}`);
  }
  return { notes: notesOf(done) };
}

/**
 * Asks for the form of a command, and cancels it.
 * @throws XmppError if the command is not offered to us
 */
export async function offerCommand(session: Session, to: string, node: string): Promise<void> {
  const asked = await step(session, to, xml('command', commandAttributes(node)));
  const sessionid = asked.attrs['sessionid'];
  if (typeof sessionid !== 'string') return;
  const attributes = { ...commandAttributes(node), action: 'cancel', sessionid };
  await step(session, to, xml('command', attributes)).catch((error: unknown) => {
    // The other side forgets it by itself in time.
    if (!isXmppError(error, 'stanza-error') && !(error instanceof CommandError)) throw error;
  });
}

const commandAttributes = (node: string) => ({
  xmlns: commandsNamespace,
  node,
  action: 'execute',
});

async function step(session: Session, to: string, payload: Element): Promise<Element> {
  const answer = await session.request({ type: 'set', to, payload });
  if (answer?.is('command', commandsNamespace)) return answer;
  throw new CommandError(`${to} answers the command ${payload.attrs['node']} with something else.`);
}

function submission(fields: FormFields): Element {
  return xml(
    'x',
    { xmlns: formNamespace, type: 'submit' },
    ...Object.entries(fields).map(([name, value]) =>
      xml('field', { var: name }, xml('value', {}, value)),
    ),
  );
}

function notesOf(command: Element): CommandNote[] {
  return command.getChildren('note').map((note) => {
    const type = note.attrs['type'];
    return { type: type === 'error' || type === 'warn' ? type : 'info', text: note.text() };
  });
}

const wordsOf = (command: Element): string =>
  notesOf(command)
    .map(({ text }) => text)
    .join(' ');
