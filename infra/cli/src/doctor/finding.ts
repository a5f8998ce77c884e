/**
 * - `right`: as it should be.
 * - `wrong`: a service would not work, or not safely.
 * - `doubt`: it works, but there is something to know.
 * - `unseen`: could not be found out with this account.
 */
export type Verdict = 'right' | 'wrong' | 'doubt' | 'unseen';

/** One line of what the doctor has to say. */
export interface Finding {
  readonly verdict: Verdict;
  /** What was looked at, for programs, e.g. `node.access-model`. */
  readonly code: string;
  /** What was found, in words. */
  readonly text: string;
  /** What to do about it, in words. */
  readonly mend?: string;
}

export const right = (code: string, text: string): Finding => ({ verdict: 'right', code, text });
export const wrong = (code: string, text: string, mend: string): Finding => ({
  verdict: 'wrong',
  code,
  text,
  mend,
});
export const doubt = (code: string, text: string, mend: string): Finding => ({
  verdict: 'doubt',
  code,
  text,
  mend,
});
export const unseen = (code: string, text: string): Finding => ({ verdict: 'unseen', code, text });

const marks: Readonly<Record<Verdict, string>> = {
  right: '✓',
  wrong: '✗',
  doubt: '!',
  unseen: '?',
};

export function describeFinding({ verdict, code, text, mend }: Finding): string {
  const line = `${marks[verdict]} ${code}: ${text}`;
  return mend === undefined ? line : `${line}\n    → ${mend}`;
}
