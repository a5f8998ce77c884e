import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { aborted, unlessAborted } from './aborted.js';
import type { DemoOptions } from './args.js';
import { bringUp } from './bring-up.js';
import { DemoError, Leaving, messageOf } from './errors.js';
import { plainScreen, type Screen, terminalScreen } from './screen.js';
import { describeEnding, type ServiceProcess } from './service-process.js';
import { startStopwatch } from './stopwatch.js';
import { createTalk, type Talk } from './talk.js';
import { createTeardown } from './teardown.js';

/** How long the answer to `exit` may come after the dispatcher's end, in milliseconds. */
const lastWordsMs = 1_000;

/**
 * Brings everything up, holds the conversation, and stops everything.
 * @param over is aborted when the run is over: with the reason `Leaving` if somebody wanted it so, else with what went wrong
 * @returns the exit code
 */
export async function runDemo(options: DemoOptions, over: AbortController): Promise<number> {
  const { signal } = over;
  const teardown = createTeardown();
  const stopwatch = startStopwatch();
  let logPath: string | undefined;
  let talk: Talk | undefined;

  const onService = (service: ServiceProcess): void => {
    void service.ended.then(async (ending) => {
      const wanted = service.name === 'dispatcher' && ending.code === 0 && talk?.exitSaid === true;
      // Its answer and its end reach us on different ways.
      if (wanted) await talk?.answers(lastWordsMs).catch(() => undefined);
      over.abort(
        wanted
          ? new Leaving('exit')
          : new DemoError(`${service.name} ended unexpectedly (${describeEnding(ending)}).`),
      );
    });
  };
  const run = async (): Promise<void> => {
    const { chat, ownServer } = await bringUp({
      demo: options,
      stopwatch,
      teardown,
      signal,
      note,
      onLog: (path) => {
        logPath = path;
      },
      onService,
    });
    chat.session.on('giving-up', ({ error }) => {
      over.abort(new DemoError(`The chat was broken off: ${error.message}`));
    });
    if (ownServer) {
      chat.session.on('offline', ({ error }) => {
        over.abort(new DemoError(`The server broke off: ${error.message}`));
      });
    }
    const prompt = options.script === undefined && process.stdin.isTTY ? openPrompt() : undefined;
    const screen = openScreen(prompt);
    talk = createTalk({ ...options, chat, screen, signal });
    if (options.timing) screen.show(`     (${stopwatch.summary()})`);
    const conversation =
      prompt === undefined
        ? talk.sayAll(options.script ?? linesOf(process.stdin))
        : talkAtPrompt(prompt, talk, screen, over);
    try {
      await unlessAborted(conversation, signal);
    } finally {
      screen.end();
    }
  };

  const exitCode = await outcome(run, signal);
  // Whatever ends from here on is meant to.
  over.abort(new Leaving('the run is over'));
  const failures = await teardown.run();
  for (const failure of failures) note(failure);
  const failed = exitCode === 1 || failures.length > 0;
  if (failed && logPath !== undefined) note(`The log of this run: ${logPath}`);
  return failed ? 1 : exitCode;
}

/** Every wait in `run` ends when the run is over, so that nothing is started any more while all is stopped. */
async function outcome(run: () => Promise<void>, signal: AbortSignal): Promise<number> {
  try {
    await run();
    return 0;
  } catch (error) {
    // If the run is over, that is why, whatever came of it on the way.
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (reason instanceof Leaving) return reason.exitCode;
    note(messageOf(reason));
    return 1;
  }
}

function openPrompt(): Interface {
  return createInterface({ input: process.stdin, output: process.stdout, prompt: 'you: ' });
}

function openScreen(prompt: Interface | undefined): Screen {
  return process.stdout.isTTY
    ? terminalScreen(process.stdout, prompt)
    : plainScreen(process.stdout);
}

async function talkAtPrompt(
  prompt: Interface,
  talk: Talk,
  screen: Screen,
  over: AbortController,
): Promise<void> {
  prompt.on('line', (line) => {
    const text = line.trim();
    if (text === '') prompt.prompt();
    else talk.say(text).catch((error: unknown) => screen.show(`     (${messageOf(error)})`));
  });
  prompt.on('SIGINT', () => over.abort(new Leaving('Ctrl-C')));
  prompt.on('close', () => over.abort(new Leaving('Ctrl-D')));
  screen.show('Say "lift", "lift 5" or "help"; "exit" stops everything.');
  await aborted(over.signal);
}

async function* linesOf(input: Readable): AsyncGenerator<string> {
  for await (const line of createInterface({ input })) {
    if (line.trim() !== '') yield line.trim();
  }
}

/** What is about the run goes to standard error; standard output is for the conversation. */
function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
