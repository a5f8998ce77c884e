import type { FromHandler } from '../runner/protocol.js';
import type { ProgressRule } from './command.js';

/** The end of a text that may be of any length. */
export interface Tail {
  push(line: string): void;
  readonly text: string;
}

/** @param limit bytes, as UTF-8 */
export function keepTail(limit: number): Tail {
  let lines: string[] = [];
  let bytes = 0;
  return {
    push(line) {
      lines.push(line);
      bytes += Buffer.byteLength(line) + 1;
      // Seldom, so that it costs little however short the lines are.
      if (bytes <= limit * 2) return;
      lines = [lastBytes(lines.join('\n'), limit)];
      bytes = limit;
    },
    get text() {
      return lastBytes(lines.join('\n'), limit);
    },
  };
}

function lastBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // A character that is cut in two is left out.
  return bytes
    .subarray(bytes.length - limit)
    .toString()
    .replace(/^\uFFFD+/, '');
}

type Progress = Extract<FromHandler, { type: 'progress' }>;

const maxNoteLength = 500;

/** Reads how far a program has come from what it writes. */
export function progressReader(rule: ProgressRule): (line: string) => Progress | undefined {
  if (rule.type === 'none') return () => undefined;
  if (rule.type === 'lines') {
    return (line) => ({ type: 'progress', done: 0, total: 0, note: line.slice(0, maxNoteLength) });
  }
  const pattern = new RegExp(rule.pattern, 'u');
  let last = { done: 0, total: 0 };
  return (line) => {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) return undefined;
    const { note } = groups;
    last = {
      done: numberOr(last.done, groups['done']),
      total: numberOr(last.total, groups['total']),
    };
    return { type: 'progress', ...last, ...(note && { note: note.slice(0, maxNoteLength) }) };
  };
}

function numberOr(otherwise: number, text: string | undefined): number {
  const number = Number(text);
  return text !== undefined && text !== '' && Number.isFinite(number) ? number : otherwise;
}
