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
  if (thrown instanceof TaskCrash) return thrown.isOutOfMemory;
  if (!(thrown instanceof HostDied)) return false;
  const { code, signal, lastWords, reason } = thrown.death;
  if (code === exitCodes.memory || reason === 'memory') return true;
  // V8 aborts the process, and says why.
  return signal === 'SIGABRT' && /^FATAL ERROR: .*(?:out of memory|heap limit)/m.test(lastWords);
}

function how({ code, signal }: Death): string {
  if (signal === null) return `exit code ${code}`;
  if (signal !== 'SIGKILL') return `by ${signal}`;
  return 'by SIGKILL, which it was sent: a system that is short of memory does so, too';
}
