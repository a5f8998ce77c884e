import type { HandlerSpec, Requester } from '@heavylift/jobs';
import { nearest } from '@heavylift/service';
import type { Brought, Desk } from '../desk.js';
import { decide } from '../policy/policy.js';
import { type Answer, missingAnswer, no, refusalOf } from './answer.js';
import { readArguments, usageOf } from './arguments.js';
import type { BuiltIn } from './built-in.js';
import { splitClauses } from './clauses.js';
import { clausesHelp, describeCommand } from './describe.js';
import { amend, type Submission, type SubmitPorts, submit } from './submit.js';
import { echo, texts } from './texts.js';
import { splitWords, type Word } from './words.js';

export type { RunAnswer, RunRequest } from '../desk.js';

/** Of a command; what is looked for among them is cut there. */
const longestName = 64;

export interface ConversationPorts extends SubmitPorts {
  /** Undefined while no term is on. */
  readonly desk: () => Desk | undefined;
  readonly builtIns: ReadonlyMap<string, BuiltIn>;
}

/** A line somebody typed. */
export interface Line {
  /** Bare JID, as the server stamped it. */
  readonly who: string;
  readonly text: string;
  readonly requester: Requester;
  /** When it was written, if it waited on the way, in milliseconds since 1970. */
  readonly saidAt?: number;
  /** It waited so long that whoever wrote it may have other wishes by now. */
  readonly isLate?: boolean;
}

export type Reply = Answer & {
  /** Nothing in it was known: two who answer each other so would never end. */
  readonly notUnderstood?: boolean;
};

/** Finds out what a line means, and has it done. */
export function createConversation(ports: ConversationPorts) {
  const { builtIns, policy } = ports;
  const specs = (): ReadonlyMap<string, HandlerSpec> => ports.desk()?.specs ?? new Map();
  const mayRun = (who: string, command: string) => decide(policy(), who, { command });

  function help(who: string, wanted: string | undefined): Answer {
    if (wanted !== undefined) {
      const builtIn = builtIns.get(wanted)?.spec;
      const spec = builtIn ?? specs().get(wanted);
      if (spec === undefined) return no('item-not-found', unknownText(wanted));
      const clauses = builtIn === undefined ? [clausesHelp] : [];
      return { body: [describeCommand(spec), ...clauses].join('\n') };
    }
    const handlers = [...specs().values()].filter(({ name }) => !builtIns.has(name));
    const own = [...builtIns.values()].map(({ spec }) => spec);
    const lines = [...handlers, ...own]
      .filter(({ name }) => mayRun(who, name).allowed)
      .map((spec) => `  ${usageOf(spec)}: ${spec.summary}`);
    return {
      body: [
        'I can do this for you:',
        ...lines,
        '  help [command]: more about a command',
        clausesHelp,
      ].join('\n'),
    };
  }

  function unknownText(text: string): string {
    const known = [...specs().keys(), ...builtIns.keys(), 'help'];
    const name = echo(text).split(' ', 1)[0]?.slice(0, longestName) ?? '';
    return texts.unknown(echo(text), nearest(name.toLowerCase(), known));
  }

  function readSubmission(
    spec: HandlerSpec,
    words: readonly Word[],
    { who, text, requester, saidAt }: Line,
  ): Submission | Answer {
    const split = splitClauses(words);
    if ('problem' in split) return no('bad-request', texts.unreadable(split.problem));
    const read = readArguments(spec, split.rest.slice(1), text);
    if ('problem' in read)
      return no('bad-request', texts.wrongArguments(read.problem, usageOf(spec)));
    const { clauses } = split;
    return {
      ...{ who, spec, args: read.args, clauses, requester },
      ...(saidAt !== undefined && { saidAt }),
    };
  }

  async function runHandler(
    desk: Desk,
    spec: HandlerSpec,
    words: readonly Word[],
    line: Line,
  ): Promise<Answer> {
    const submission = readSubmission(spec, words, line);
    return 'body' in submission ? submission : submit(desk, ports, submission);
  }

  async function runBuiltIn(
    { spec, isDeed, run }: BuiltIn,
    words: readonly Word[],
    { who, text, saidAt, isLate }: Line,
  ): Promise<Answer> {
    const read = readArguments(spec, words.slice(1).map(withoutHash), text);
    if ('problem' in read) {
      return no('bad-request', texts.wrongArguments(read.problem, usageOf(spec)));
    }
    if (isDeed && isLate === true && saidAt !== undefined)
      return no(
        'not-acceptable',
        texts.notObeyedLate(echo(text), new Date(saidAt), ports.now() - saidAt),
      );
    const answer = await run(who, read.args);
    const isDone = isDeed && answer.condition === undefined;
    return isDone ? { ...answer, brought: { kind: 'deed' } } : answer;
  }

  async function reply(line: Line): Promise<Reply> {
    const { who } = line;
    const words = splitWords(line.text);
    const first = words[0]?.text.toLowerCase() ?? '';
    // A number by itself asks for that job.
    const isNumber = words.length === 1 && /^#?\d+$/.test(first);
    const name = isNumber ? 'status' : first;
    const refusal = refusalOf(mayRun(who, name), echo(name));
    const isMissing = ports.desk()?.lastSeen?.(name) !== undefined;
    const isKnown = name === 'help' || builtIns.has(name) || specs().has(name) || isMissing;
    if (refusal !== undefined && (isKnown || !mayRun(who, 'help').allowed)) {
      if (specs().has(name)) ports.onForbidden?.();
      return refusal;
    }
    if (name === 'help') return help(who, words[1]?.text.toLowerCase());
    const builtIn = builtIns.get(name);
    if (builtIn !== undefined)
      return runBuiltIn(builtIn, isNumber ? [commandWord(name), ...words] : words, line);
    const desk = ports.desk();
    if (desk === undefined) return no('resource-constraint', texts.starting);
    const spec = desk.specs.get(name);
    if (spec !== undefined) return runHandler(desk, spec, words, line);
    const missing = missingAnswer(desk, name, ports.now());
    return missing ?? { ...no('item-not-found', unknownText(line.text)), notUnderstood: true };
  }

  /** A message that corrects another one (XEP-0308). @param brought what came of that */
  async function correct(line: Line, brought: Brought | undefined): Promise<Reply> {
    switch (brought?.kind) {
      case undefined:
        return no('item-not-found', texts.correctsUnknown);
      case 'nothing':
        return reply(line);
      case 'deed':
        return no('not-acceptable', texts.doneAlready);
      case 'schedule':
        return no('not-acceptable', texts.scheduleStays(brought.number));
      case 'job':
        return correctJob(line, brought.number);
    }
  }

  async function correctJob(line: Line, number: number): Promise<Answer> {
    const desk = ports.desk();
    if (desk === undefined) return no('resource-constraint', texts.starting);
    const words = splitWords(line.text);
    const spec = desk.specs.get(words[0]?.text.toLowerCase() ?? '');
    if (spec === undefined || builtIns.has(spec.name))
      return no('bad-request', texts.correctedToNothing(echo(line.text), number));
    const submission = readSubmission(spec, words, line);
    if ('body' in submission)
      return { ...submission, body: texts.staysAsItWas(`${submission.body}.`, number) };
    return amend(desk, ports, number, submission);
  }

  /** A message that takes another one back (XEP-0424). Undefined if that had brought nothing: there is nothing to say. */
  async function retract(who: string, brought: Brought | undefined): Promise<Reply | undefined> {
    if (brought === undefined || brought.kind === 'nothing') return undefined;
    if (brought.kind === 'deed') return no('not-acceptable', texts.doneAlready);
    const { kind, number } = brought;
    if (kind === 'schedule') return no('not-acceptable', texts.scheduleStays(number));
    const desk = ports.desk();
    if (desk === undefined) return no('resource-constraint', texts.starting);
    const view = desk.job(number);
    const isOver = view === undefined || view.result !== undefined;
    if (isOver) return no('not-acceptable', texts.overAndNotRetracted(number));
    if (view.entry.state.type === 'assigned' || view.entry.attempt > 1)
      return no('not-acceptable', texts.tooLateToRetract(number));
    const { kind: outcome } = await desk.cancel(number, who);
    if (outcome === 'requested') return { body: texts.cancelRequested(number) };
    if (outcome === 'cancelled') return { body: texts.willNotRun(number) };
    return no('not-acceptable', texts.overAndNotRetracted(number));
  }

  /** What a message has brought, as far as the desk knows. */
  const broughtBy = (who: string, messageId: string): Brought | undefined =>
    ports.desk()?.ofMessage(who, messageId);

  return { reply, correct, retract, broughtBy };
}

export type Conversation = ReturnType<typeof createConversation>;

/** `#7` is a number to people. */
/** A command that is meant, and not written. */
function commandWord(text: string): Word {
  return { text, quoted: false, start: 0, end: 0, isWhole: false };
}

function withoutHash(word: Word): Word {
  return { ...word, text: word.text.replace(/^((?:job=)?)#(\d+)$/i, '$1$2') };
}
