import type { HandlerSpec, Requester } from '@heavylift/jobs';
import { nearest } from '@heavylift/service';
import type { Desk } from '../desk.js';
import { decide } from '../policy/policy.js';
import { type Answer, no, refusalOf } from './answer.js';
import { readArguments, usageOf } from './arguments.js';
import type { BuiltIn } from './built-in.js';
import { splitClauses } from './clauses.js';
import { clausesHelp, describeCommand } from './describe.js';
import { type SubmitPorts, submit } from './submit.js';
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

  async function runHandler(
    desk: Desk,
    spec: HandlerSpec,
    words: readonly Word[],
    { who, requester }: Line,
  ): Promise<Answer> {
    const split = splitClauses(words);
    if ('problem' in split) return no('bad-request', texts.unreadable(split.problem));
    const read = readArguments(spec, split.rest.slice(1));
    if ('problem' in read) {
      return no('bad-request', texts.wrongArguments(read.problem, usageOf(spec)));
    }
    const { clauses } = split;
    return submit(desk, ports, { who, spec, args: read.args, clauses, requester });
  }

  async function runBuiltIn({ spec, run }: BuiltIn, words: readonly Word[], who: string) {
    const read = readArguments(spec, words.slice(1).map(withoutHash));
    if ('problem' in read) {
      return no('bad-request', texts.wrongArguments(read.problem, usageOf(spec)));
    }
    return run(who, read.args);
  }

  async function reply(line: Line): Promise<Reply> {
    const { who } = line;
    const split = splitWords(line.text);
    const words = 'problem' in split ? [] : split.words;
    const first = words[0]?.text.toLowerCase() ?? '';
    // A number by itself asks for that job.
    const isNumber = words.length === 1 && /^#?\d+$/.test(first);
    const name = isNumber ? 'status' : first;
    const refusal = refusalOf(mayRun(who, name), echo(name));
    const isKnown = name === 'help' || builtIns.has(name) || specs().has(name);
    if (refusal !== undefined && (isKnown || !mayRun(who, 'help').allowed)) {
      if (specs().has(name)) ports.onForbidden?.();
      return refusal;
    }
    if ('problem' in split) return no('bad-request', texts.unreadable(split.problem));
    if (name === 'help') return help(who, words[1]?.text.toLowerCase());
    const builtIn = builtIns.get(name);
    if (builtIn !== undefined)
      return runBuiltIn(builtIn, isNumber ? [{ text: name, quoted: false }, ...words] : words, who);
    const desk = ports.desk();
    if (desk === undefined) return no('resource-constraint', texts.starting);
    const spec = desk.specs.get(name);
    if (spec !== undefined) return runHandler(desk, spec, words, line);
    return { ...no('item-not-found', unknownText(line.text)), notUnderstood: true };
  }

  return { reply };
}

export type Conversation = ReturnType<typeof createConversation>;

/** `#7` is a number to people. */
function withoutHash(word: Word): Word {
  return { ...word, text: word.text.replace(/^((?:job=)?)#(\d+)$/i, '$1$2') };
}
