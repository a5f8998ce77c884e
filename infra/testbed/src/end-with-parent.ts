import { isMainThread } from 'node:worker_threads';

/*
 * Loaded by `node --import` before a service. Whoever started it holds the other end of standard input: when that is gone,
 * even killed, there is nobody left to stop this process, so it stops by itself.
 */
const graceMs = 5_000;

if (isMainThread) {
  process.stdin.on('error', () => undefined);
  process.stdin.once('close', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref();
  });
  process.stdin.resume();
  // Watching must not be what keeps the service alive.
  if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
}
