import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Writable } from 'node:stream';

/** Where the conversation is shown. */
export interface Screen {
  /** Shows text that stays, below what is there and above the prompt. */
  show(text: string): void;
  /** Shows what the user said, where it does not stand already because it was typed. */
  said(text: string): void;
  /** Shows how far a job is, in place of what was shown of it before. */
  progress(job: string, text: string): void;
  /** The job's progress is of no interest any more. */
  endProgress(job: string): void;
  /** Leaves only what stays. */
  end(): void;
}

/** For files and pipes: lines only. Of a job's progress, the latest once in a while. */
export function plainScreen(
  output: Writable,
  { everyMs = 1_000, now = () => performance.now() } = {},
): Screen {
  const shownAt = new Map<string, number>();
  const show = (text: string): void => {
    output.write(`${text}\n`);
  };
  return {
    show,
    said: (text) => show(spoken('you', text)),
    progress(job, text) {
      const last = shownAt.get(job);
      if (last !== undefined && now() - last < everyMs) return;
      shownAt.set(job, now());
      show(text);
    },
    endProgress(job) {
      shownAt.delete(job);
    },
    end: () => undefined,
  };
}

export interface TerminalOutput extends Writable {
  readonly columns: number;
}

/**
 * For a terminal: progress of all jobs on one line, redrawn in place, and below it the prompt, if there is one, with what is typed so far.
 * The prompt is closed at the end.
 */
export function terminalScreen(output: TerminalOutput, openPrompt?: Interface): Screen {
  let prompt = openPrompt;
  const running = new Map<string, string>();
  let statusShown = false;

  // Some terminals do not say how wide they are; readline takes them for endless too.
  const columns = (): number => output.columns || Number.POSITIVE_INFINITY;
  const rowsOf = (typed: string): number => Math.floor(typed.length / columns());

  const erase = (): void => {
    // The prompt's cursor may be some rows below its first one, where a long input wraps.
    const inputRows = prompt?.getCursorPos().rows ?? 0;
    const statusRows = statusShown && prompt !== undefined ? 1 : 0;
    moveCursor(output, 0, -(inputRows + statusRows));
    cursorTo(output, 0);
    clearScreenDown(output);
    statusShown = false;
  };

  const redraw = (text?: string): void => {
    erase();
    if (text !== undefined) output.write(`${text}\n`);
    const status = [...running.values()].join(' · ');
    statusShown = status !== '';
    if (statusShown) output.write(clip(status, columns()));
    if (prompt !== undefined) drawPrompt(prompt);
  };

  /** Readline's own drawing goes by where it last drew, which is no longer there. */
  const drawPrompt = (at: Interface): void => {
    const typed = at.getPrompt() + at.line;
    const { rows, cols } = at.getCursorPos();
    output.write(`${statusShown ? '\n' : ''}${typed}`);
    // A row that is just full: terminals wrap with the next character only.
    if (typed.length % columns() === 0) output.write(' ');
    moveCursor(output, 0, rows - rowsOf(typed));
    cursorTo(output, cols);
  };

  return {
    show: redraw,
    said(text) {
      if (prompt !== undefined) {
        // What was typed stands below the line of progress: both make room for what was said.
        const inputRows = rowsOf(prompt.getPrompt() + text) + 1;
        moveCursor(output, 0, -(inputRows + (statusShown ? 1 : 0)));
        statusShown = false;
      }
      redraw(spoken('you', text));
    },
    progress(job, text) {
      running.set(job, text);
      redraw();
    },
    endProgress(job) {
      running.delete(job);
      redraw();
    },
    end() {
      prompt?.close();
      erase();
      prompt = undefined;
      running.clear();
    },
  };
}

/** One row at most: a line that wraps could not be redrawn. */
function clip(text: string, columns: number): string {
  const points = [...text.replaceAll(/\s+/g, ' ')];
  return points.length < columns ? points.join('') : `${points.slice(0, columns - 2).join('')}…`;
}

/** What somebody said, further lines indented, with nothing in it that could command a terminal. */
export function spoken(who: string, text: string): string {
  const indent = ' '.repeat(who.length + 2);
  return `${who}: ${printable(text).trimEnd().replaceAll('\n', `\n${indent}`)}`;
}

const printable = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, '');
