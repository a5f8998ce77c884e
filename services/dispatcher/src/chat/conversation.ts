import {
  addressOf,
  type BotMessage,
  type HandlerSpec,
  type JobEntry,
  type JobMark,
  type JsonObject,
  type Requester,
} from '@heavylift/jobs';
import { nearest } from '@heavylift/service';
import { readArguments, usageOf } from './arguments.js';
import { type Clauses, splitClauses } from './clauses.js';
import type { ChatRequest } from './incoming.js';
import { echo, texts } from './texts.js';
import { splitWords, type Word } from './words.js';

/** What somebody wants to have run. */
export interface RunRequest {
  readonly spec: HandlerSpec;
  readonly args: JsonObject;
  readonly clauses: Clauses;
  readonly requester: Requester;
}

export type RunAnswer =
  /** It stands in the ledger. `waitsFor`: why it does not run at once. */
  | { readonly kind: 'accepted'; readonly entry: JobEntry; readonly waitsFor?: string }
  /** The same request, or the same unique key, is open or was answered lately. */
  | { readonly kind: 'duplicate'; readonly entry: JobEntry }
  | { readonly kind: 'impossible'; readonly reason: string }
  /** Not now. */
  | { readonly kind: 'refused'; readonly text: string };

export interface ConversationPorts {
  readonly isServed: (jid: string) => boolean;
  readonly isAdmin: (jid: string) => boolean;
  /** What the lifters can do, by name. */
  readonly specs: () => ReadonlyMap<string, HandlerSpec>;
  readonly run: (request: RunRequest) => Promise<RunAnswer>;
  readonly say: (message: BotMessage) => Promise<void>;
  /** Ends the dispatcher; called when the answer is out. */
  readonly shutdown: (reason: string) => void;
}

interface Reply {
  readonly body: string;
  readonly job?: JobMark;
}

interface Command {
  readonly summary: string;
  readonly adminOnly: boolean;
  readonly run: (request: ChatRequest, words: readonly Word[]) => Promise<void>;
}

/** Answers what people write to the bot, each message by one message. */
export function createConversation(ports: ConversationPorts) {
  const commands = new Map<string, Command>([
    ['help', { summary: 'says what I can do', adminOnly: false, run: help }],
    ['exit', { summary: 'stops me', adminOnly: true, run: exit }],
  ]);

  const answer = (request: ChatRequest, reply: Reply) =>
    ports.say({ ...addressOf(requesterOf(request)), ...reply });

  async function help(request: ChatRequest, words: readonly Word[]): Promise<void> {
    const wanted = words[1]?.text.toLowerCase();
    const spec = wanted === undefined ? undefined : ports.specs().get(wanted);
    const admin = ports.isAdmin(bareOf(request));
    const body = spec === undefined ? overview(admin) : describe(spec);
    await answer(request, { body });
  }

  function overview(admin: boolean): string {
    const own = [...commands].filter(([, command]) => admin || !command.adminOnly);
    return [
      'I can do this for you:',
      ...[...ports.specs().values()].map((spec) => `  ${usageOf(spec)}: ${spec.summary}`),
      ...own.map(([name, command]) => `  ${name}: ${command.summary}`),
    ].join('\n');
  }

  async function exit(request: ChatRequest): Promise<void> {
    await answer(request, { body: texts.goodbye });
    ports.shutdown(`${bareOf(request)} said exit`);
  }

  async function run(
    request: ChatRequest,
    spec: HandlerSpec,
    words: readonly Word[],
  ): Promise<void> {
    const split = splitClauses(words);
    if ('problem' in split) return answer(request, { body: texts.unreadable(split.problem) });
    const read = readArguments(spec, split.rest.slice(1));
    if ('problem' in read) {
      return answer(request, { body: texts.wrongArguments(read.problem, usageOf(spec)) });
    }
    const requester = requesterOf(request);
    const outcome = await ports.run({ spec, args: read.args, clauses: split.clauses, requester });
    await answer(request, replyTo(outcome, spec));
  }

  async function handle(request: ChatRequest): Promise<void> {
    const split = splitWords(request.text);
    if (!ports.isServed(bareOf(request))) return answer(request, { body: texts.stranger });
    if ('problem' in split) return answer(request, { body: texts.unreadable(split.problem) });
    const name = split.words[0]?.text.toLowerCase() ?? '';
    const spec = ports.specs().get(name);
    if (spec !== undefined) return run(request, spec, split.words);
    const command = commands.get(name);
    if (command === undefined) {
      const known = [...ports.specs().keys(), ...commands.keys()];
      return answer(request, { body: texts.unknown(echo(request.text), nearest(name, known)) });
    }
    if (command.adminOnly && !ports.isAdmin(bareOf(request))) {
      return answer(request, { body: texts.mayNot(name) });
    }
    return command.run(request, split.words);
  }

  return {
    handle,
    encrypted: (request: ChatRequest) => answer(request, { body: texts.encrypted }),
  };
}

function replyTo(outcome: RunAnswer, spec: HandlerSpec): Reply {
  switch (outcome.kind) {
    case 'accepted': {
      const { id, number } = outcome.entry;
      const scheduled = texts.scheduled(spec.title, number);
      const { waitsFor } = outcome;
      return {
        body: waitsFor === undefined ? scheduled : texts.waits(scheduled, waitsFor),
        job: { id, number, state: 'scheduled' },
      };
    }
    case 'duplicate': {
      const { id, number } = outcome.entry;
      return {
        body: texts.alreadyScheduled(spec.title, number),
        job: { id, number, state: 'scheduled' },
      };
    }
    case 'impossible':
      return { body: texts.impossible(outcome.reason) };
    case 'refused':
      return { body: outcome.text };
  }
}

function describe(spec: HandlerSpec): string {
  const fields = spec.fields.map(
    ({ name, description }) => `  ${name}${description === undefined ? '' : `: ${description}`}`,
  );
  return [`${usageOf(spec)}: ${spec.summary}`, ...fields].join('\n');
}

function bareOf({ from }: ChatRequest): string {
  return from.bare().toString();
}

function requesterOf(request: ChatRequest): Requester {
  const { from, text: _, writtenAt: __, ...rest } = request;
  return { jid: from.toString(), ...rest };
}
