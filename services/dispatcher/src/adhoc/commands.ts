import { randomUUID } from 'node:crypto';
import { type HandlerSpec, readable } from '@heavylift/jobs';
import { type IncomingIq, isXmppError } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { type Answer, missingAnswer, no, refusalOf } from '../chat/answer.js';
import type { BuiltIn } from '../chat/built-in.js';
import type { Limiter } from '../chat/limiter.js';
import { type SubmitPorts, submit } from '../chat/submit.js';
import { texts } from '../chat/texts.js';
import type { Desk } from '../desk.js';
import { decide } from '../policy/policy.js';
import { isUnsure } from '../unsure.js';
import { errorOf, stanzaError } from './errors.js';
import { commandForm, type Filled, readFilled, resultForm, wishIn } from './form.js';

export const NS_COMMANDS = 'http://jabber.org/protocol/commands';
const NS_DATA = 'jabber:x:data';

export interface CommandPorts extends SubmitPorts {
  readonly desk: () => Desk | undefined;
  readonly builtIns: ReadonlyMap<string, BuiltIn>;
  readonly limiter: Limiter;
}

/** A command that can be given by a form. */
export interface CommandNode {
  readonly name: string;
  readonly title: string;
}

/** It is given back as it came, and names the job that comes of it. */
const longestSessionId = 256;

interface Execution {
  readonly from: IncomingIq['from'];
  readonly who: string;
  readonly node: string;
  /** Given back as it came; that is all the memory there is of a dialogue. */
  readonly sessionId: string;
  readonly isContinued: boolean;
}

/** The commands of the chat as ad-hoc commands (XEP-0050), with a form each. Nothing is kept between two stages. */
export function createCommands(ports: CommandPorts) {
  const { builtIns, policy } = ports;

  function specOf(node: string): HandlerSpec | undefined {
    const builtIn = builtIns.get(node);
    // What a built-in command has not, no form shows.
    if (builtIn !== undefined) return { timeoutMs: 1, maxAttempts: 1, texts: {}, ...builtIn.spec };
    return ports.desk()?.specs.get(node);
  }

  /** What somebody may do. @param who bare JID */
  function list(who: string): CommandNode[] {
    const handlers = [...(ports.desk()?.specs.values() ?? [])];
    const specs = [...handlers.filter(({ name }) => !builtIns.has(name))];
    const own = [...builtIns.values()].map(({ spec }) => spec);
    return [...specs, ...own]
      .filter(({ name }) => decide(policy(), who, { command: name }).allowed)
      .map(({ name, title }) => ({ name, title }));
  }

  function unknownText(node: string): string {
    const desk = ports.desk();
    const missing = desk && missingAnswer(desk, node, ports.now());
    return missing?.body ?? texts.unknown(node);
  }

  async function carryOut(spec: HandlerSpec, filled: Filled, at: Execution): Promise<Answer> {
    const wish = wishIn(spec, filled.values);
    if ('problem' in wish) return no('bad-request', wish.problem);
    const builtIn = builtIns.get(at.node);
    if (builtIn !== undefined) return builtIn.run(at.who, wish.args);
    const desk = ports.desk();
    if (desk === undefined) return no('resource-constraint', texts.starting);
    return submit(desk, ports, {
      who: at.who,
      spec,
      ...wish,
      requester: {
        jid: at.from.toString(),
        messageType: 'command',
        // The same form sent twice is one job.
        messageId: filled.submission ?? at.sessionId,
      },
      ...(filled.traceparent !== undefined && { traceparent: filled.traceparent }),
    });
  }

  function ask(spec: HandlerSpec, at: Execution, filled?: Filled, problem?: string): Element {
    const submission = builtIns.has(at.node) ? undefined : (filled?.submission ?? at.sessionId);
    return command(at, 'executing', [
      xml('actions', { execute: 'complete' }, xml('complete')),
      ...(problem === undefined ? [] : [note('error', problem)]),
      commandForm(spec, submission, filled?.values),
    ]);
  }

  async function execute({ from, payload }: IncomingIq): Promise<Element> {
    const who = from.bare;
    if (ports.limiter.take(who) !== 'served')
      throw stanzaError('wait', 'policy-violation', texts.slowDown);
    const { node, sessionid, action = 'execute' }: Record<string, unknown> = payload.attrs;
    if (typeof node !== 'string') throw stanzaError('modify', 'bad-request', 'no node is named');
    const refusal = refusalOf(decide(policy(), who, { command: node }), node);
    if (refusal !== undefined && ports.desk()?.specs.has(node)) ports.onForbidden?.();
    if (refusal?.condition !== undefined) throw errorOf(refusal.condition, refusal.body);
    if (ports.desk() === undefined && !builtIns.has(node))
      throw errorOf('resource-constraint', texts.starting);
    const spec = specOf(node);
    if (spec === undefined) throw errorOf('item-not-found', unknownText(node));
    const isContinued = typeof sessionid === 'string' && sessionid !== '';
    if (isContinued && sessionid.length > longestSessionId)
      throw stanzaError(
        'modify',
        'bad-request',
        `a sessionid has ${longestSessionId} characters at most`,
      );
    const at = { from, who, node, isContinued, sessionId: isContinued ? sessionid : randomUUID() };
    const form = payload.getChild('x', NS_DATA);
    const formType: unknown = form?.attrs['type'];
    // Whoever cancels the form (XEP-0004) does not want the command, whatever the action.
    if (formType === 'cancel') return command(at, 'canceled', []);
    if (form !== undefined && formType !== undefined && formType !== 'submit')
      throw stanzaError('modify', 'bad-request', 'a form that is filled in has the type "submit"');
    switch (action) {
      case 'cancel':
        return command(at, 'canceled', []);
      case 'execute':
      case 'next':
      case 'complete':
        break;
      default:
        throw stanzaError('modify', 'bad-request', `the action ${String(action)} is not possible`);
    }
    const asksForForm = form === undefined && action === 'execute' && !isContinued;
    if (asksForForm && (spec.fields.length > 0 || !builtIns.has(node))) return ask(spec, at);
    return finish(spec, at, form === undefined ? { values: new Map() } : filledIn(form));
  }

  async function finish(spec: HandlerSpec, at: Execution, filled: Filled): Promise<Element> {
    const answer = await carryOut(spec, filled, at).catch((error: unknown): never => {
      // Given once more, by the same submission, it is known for what it is.
      if (isUnsure(error)) throw stanzaError('wait', 'internal-server-error', texts.unsure);
      throw error;
    });
    if (answer.condition === 'bad-request' && at.isContinued)
      return ask(spec, at, filled, answer.body);
    if (answer.condition !== undefined) throw errorOf(answer.condition, answer.body);
    // The IQ's answer is written when this returns: in the same turn of the event loop.
    if (answer.afterwards !== undefined) setImmediate(answer.afterwards);
    const result = resultForm(answer);
    return command(at, 'completed', [
      note('info', answer.body),
      ...(result === undefined ? [] : [result]),
    ]);
  }

  return { list, execute };
}

export type Commands = ReturnType<typeof createCommands>;

function filledIn(form: Element): Filled {
  try {
    return readFilled(form);
  } catch (error) {
    if (isXmppError(error, 'stanza-error')) throw error;
    throw stanzaError('modify', 'bad-request', 'that is no form');
  }
}

function command(at: Execution, status: string, children: readonly Element[]): Element {
  const { node, sessionId: sessionid } = at;
  return xml('command', { xmlns: NS_COMMANDS, node, sessionid, status }, ...children);
}

function note(type: 'info' | 'error', text: string): Element {
  return xml('note', { type }, readable(text));
}
