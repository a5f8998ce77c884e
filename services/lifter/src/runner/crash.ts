import type { JobError } from '@heavylift/jobs';
import { jobError } from './errors.js';
import { type Death, HostDied, TaskCrash } from './host-process.js';
import { exitCodes, type Task } from './protocol.js';

/** What is told of an attempt whose thread or process is gone. */
export function describeCrash(thrown: unknown, { work }: Task): JobError {
  const limit = work.type === 'module' ? work.memoryLimit : undefined;
  const ranOut = ranOutOfMemory(thrown);
  if (ranOut && limit !== undefined) {
    return {
      class: 'MemoryLimitError',
      message: `the handler took more memory than the ${limit} MiB that it may (memoryLimit)`,
    };
  }
  if (thrown instanceof HostDied) {
    return { class: 'HandlerCrash', message: `the handler's process ended: ${how(thrown.death)}` };
  }
  const { class: name, message } = thrown instanceof TaskCrash ? thrown.error : jobError(thrown);
  return { class: 'HandlerCrash', message: `the handler's thread ended: ${name}: ${message}` };
}

function ranOutOfMemory(thrown: unknown): boolean {
  if (thrown instanceof TaskCrash) return thrown.error.message.includes('memory limit');
  if (!(thrown instanceof HostDied)) return false;
  const { code, signal, lastWords } = thrown.death;
  // V8 aborts the process; the watching thread kills it, and so does a system that is short of memory.
  return (
    code === exitCodes.memory || signal === 'SIGKILL' || lastWords.includes('heap out of memory')
  );
}

function how({ code, signal }: Death): string {
  return signal === null ? `exit code ${code}` : `by ${signal}`;
}
