import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { parseArgs } from '../handlers/args.js';
import { FinalError } from '../handlers/errors.js';
import { latest } from '../latest.js';
import { thrown } from '../runner/attempt.js';
import { endMarked, hostMark, runMark, signalMarked } from '../runner/descendants.js';
import { briefly } from '../runner/errors.js';
import { lineSplitter } from '../runner/lines.js';
import { logLimit } from '../runner/log-limit.js';
import type { FromHandler, OutputStream, Task, TaskReturn } from '../runner/protocol.js';
import { fillArgv } from './argv.js';
import type { Command } from './command.js';
import { keepTail, progressReader } from './output.js';

export interface CommandControl {
  /** SIGTERM for the program and all that it has started. */
  readonly signal: AbortSignal;
  /** SIGKILL. */
  readonly killed: AbortSignal;
  readonly tell: (message: FromHandler) => void;
}

/** A program did not end as it should. */
class CommandError extends Error {
  override readonly name = 'CommandError';
}

const progressIntervalMs = 100;
/** Time for output that is still on its way when the program has ended. */
const pipeMs = 500;

/** Runs a program as one attempt. Never rejects. */
export async function runCommand(
  task: Task,
  command: Command,
  control: CommandControl,
): Promise<TaskReturn> {
  try {
    const argv = fillArgv(command, parseArgs(command.fields, task.args));
    control.signal.throwIfAborted();
    return { type: 'returned', value: await runProgram(task, command, argv, control) };
  } catch (error) {
    const how = thrown(error);
    // Its stack is this program's own.
    return how.type === 'threw' ? { ...how, error: briefly(how.error) } : how;
  }
}

async function runProgram(
  { job, attempt }: Task,
  command: Command,
  argv: readonly string[],
  { signal, killed, tell }: CommandControl,
) {
  const mark = randomBytes(12).toString('hex');
  const child = spawn(command.program, argv, {
    cwd: command.directory,
    env: {
      ...command.environment,
      HEAVYLIFT_JOB: job.id,
      HEAVYLIFT_NUMBER: String(job.number),
      HEAVYLIFT_ATTEMPT: String(attempt),
      ...(job.traceparent !== undefined && { TRACEPARENT: job.traceparent }),
      [runMark]: mark,
      [hostMark]: process.env[hostMark] ?? mark,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    // A process group of its own: what the program starts is ended with it.
    detached: true,
  });
  const terminate = () => {
    signalGroup(child, 'SIGTERM');
    signalMarked(runMark, mark, 'SIGTERM');
  };
  const kill = () => {
    signalGroup(child, 'SIGKILL');
    endMarked(runMark, mark);
  };
  const output = follow(child, command, tell, kill);
  signal.addEventListener('abort', terminate, { once: true });
  killed.addEventListener('abort', kill, { once: true });
  if (killed.aborted) kill();
  try {
    const end = await endOf(child);
    // Nothing outlives its job.
    kill();
    await output.ended();
    return judge(end, command, output);
  } finally {
    output.close();
    signal.removeEventListener('abort', terminate);
    killed.removeEventListener('abort', kill);
  }
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // There is nobody left in it.
  }
}

interface Output {
  readonly tail: string;
  readonly isTooMuch: boolean;
  /** Waits for what is still on its way. */
  ended(): Promise<void>;
  close(): void;
}

function follow(
  child: ChildProcess,
  { outputLimit, tail: tailLimit, progress: rule }: Command,
  tell: (message: FromHandler) => void,
  kill: () => void,
): Output {
  const tail = keepTail(tailLimit);
  const progressOf = progressReader(rule);
  const progress = latest<FromHandler>(progressIntervalMs, tell);
  const log = logLimit(tell);
  let bytes = 0;
  let isTooMuch = false;

  const onLine = (stream: OutputStream) => (message: string) => {
    tail.push(message);
    const found = progressOf(message);
    if (found) progress.push(found);
    else log({ type: 'log', level: 'info', message, stream });
  };
  const ended = (['stdout', 'stderr'] as const).map((name) => {
    const stream = child[name];
    const lines = lineSplitter(onLine(name));
    stream?.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > outputLimit) {
        isTooMuch = true;
        kill();
      } else {
        lines.push(piece);
      }
    });
    return new Promise<void>((resolve) => {
      stream?.once('close', () => {
        lines.end();
        resolve();
      });
    });
  });

  return {
    get tail() {
      return tail.text;
    },
    get isTooMuch() {
      return isTooMuch;
    },
    async ended() {
      // A grandchild that has left the group may hold them for ever.
      const giveUp = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, pipeMs);
      await Promise.all(ended);
      clearTimeout(giveUp);
    },
    close: () => progress.close(),
  };
}

function judge({ code, signal }: End, command: Command, output: Output) {
  if (output.isTooMuch) {
    throw new FinalError(`the program wrote more than the ${command.outputLimit} bytes it may`);
  }
  if (code === 0) return { exitCode: 0, output: output.tail };
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
  const lastLine = output.tail.trimEnd().split('\n').at(-1) ?? '';
  const message = lastLine === '' ? how : `${how}: ${lastLine}`;
  throw code !== null && command.finalCodes.includes(code)
    ? new FinalError(message)
    : new CommandError(message);
}
