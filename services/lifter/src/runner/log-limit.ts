import type { FromHandler } from './protocol.js';

/** Lines that one attempt may log in one second. */
const linesPerSecond = 200;
const maxLineLength = 8_192;

/** Passes on what a handler logs, no line too long and not too many a second: it may log from a loop that never ends. */
export function logLimit(
  tell: (message: FromHandler) => void,
  now: () => number = () => performance.now(),
): (message: FromHandler) => void {
  let secondBegan = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let leftOut = 0;
  return (said) => {
    if (now() - secondBegan >= 1_000) {
      secondBegan = now();
      lines = 0;
    }
    if (++lines > linesPerSecond) {
      leftOut++;
      return;
    }
    if (leftOut > 0) {
      tell({ type: 'log', level: 'warn', message: `${leftOut} lines were left out: too many` });
      leftOut = 0;
    }
    tell(said.type === 'log' ? { ...said, message: cut(said.message) } : said);
  };
}

function cut(message: string): string {
  return message.length > maxLineLength ? `${message.slice(0, maxLineLength)}…` : message;
}
