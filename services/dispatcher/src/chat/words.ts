/** One word of a command line. A quoted word is never a keyword. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

export type WordsOrProblem = { readonly words: readonly Word[] } | { readonly problem: string };

const quotes = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
]);

/**
 * Splits what somebody typed into words: parted by white space of any script, kept whole by quotes
 * (the curly ones too, which phones put in by themselves), `\` takes the next character as it is inside quotes.
 * A quote in the middle of a word is a quote only after `=`, so that `don't` stays a word.
 */
export function splitWords(line: string): WordsOrProblem {
  const words: Word[] = [];
  let text = '';
  let quoted = false;
  let started = false;
  let closing: string | undefined;
  let escaped = false;
  /** Looking for it at the end of the text would take longer and longer. */
  let last = '';
  const end = () => {
    if (started) words.push({ text, quoted });
    text = '';
    quoted = false;
    started = false;
  };
  for (const char of line) {
    if (closing !== undefined) {
      if (escaped) {
        text += char;
        escaped = false;
      } else if (char === '\\') escaped = true;
      else if (char === closing) closing = undefined;
      else text += char;
      continue;
    }
    if (isBlank(char)) {
      end();
      continue;
    }
    const opens = text === '' || last === '=' ? quotes.get(char) : undefined;
    started = true;
    last = char;
    if (opens === undefined) text += char;
    else {
      closing = opens;
      quoted = quoted || text === '';
    }
  }
  if (closing !== undefined) return { problem: `a quote is opened and not closed with ${closing}` };
  end();
  return { words };
}

function isBlank(char: string): boolean {
  // Zero-width space and joiners come along when people paste.
  return /[\s\u200b\u2060\ufeff]/u.test(char);
}
