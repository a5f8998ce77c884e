/** One word of a command line. A quoted word is never a keyword. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  /** From where to where it stands in the line, its quotes included. */
  readonly start: number;
  readonly end: number;
  /** It is one text in quotes, with nothing before or behind them. */
  readonly isWhole: boolean;
}

const quotes = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
]);

interface Scan {
  readonly words: readonly Word[];
  /** Where a quote is opened that nothing closes. */
  readonly unclosedAt?: number;
}

/**
 * Splits what somebody typed into words: parted by white space of any script, kept whole by quotes
 * (the curly ones too, which phones put in by themselves), `\` takes the next character as it is inside quotes.
 * A quote in the middle of a word is a quote only after `=`, so that `don't` stays a word. One that nothing closes is an
 * ordinary character, as in `'tis so`, and so are all quotes behind it.
 */
export function splitWords(line: string): readonly Word[] {
  const { words, unclosedAt } = scan(line, line.length);
  return unclosedAt === undefined ? words : scan(line, unclosedAt).words;
}

/** @param quotesUntil from there on, quotes are ordinary characters */
function scan(line: string, quotesUntil: number): Scan {
  const words: Word[] = [];
  let text = '';
  let quoted = false;
  let start: number | undefined;
  let closing: string | undefined;
  let openedAt = 0;
  /** Behind the last closing quote. */
  let closedAt = 0;
  let openings = 0;
  let escaped = false;
  /** Looking for it at the end of the text would take longer and longer. */
  let last = '';
  const end = (at: number) => {
    if (start !== undefined) {
      const isWhole = quoted && openings === 1 && closedAt === at;
      words.push({ text, quoted, start, end: at, isWhole });
    }
    text = '';
    quoted = false;
    start = undefined;
    openings = 0;
  };
  let at = 0;
  for (const char of line) {
    const here = at;
    at += char.length;
    if (closing !== undefined) {
      if (escaped) {
        text += char;
        escaped = false;
      } else if (char === '\\') escaped = true;
      else if (char === closing) {
        closing = undefined;
        closedAt = at;
      } else text += char;
      continue;
    }
    if (isBlank(char)) {
      end(here);
      continue;
    }
    const mayOpen = here < quotesUntil && (text === '' || last === '=');
    const opens = mayOpen ? quotes.get(char) : undefined;
    start ??= here;
    last = char;
    if (opens === undefined) text += char;
    else {
      closing = opens;
      openedAt = here;
      openings += 1;
      quoted = quoted || text === '';
    }
  }
  if (closing !== undefined) return { words, unclosedAt: openedAt };
  end(line.length);
  return { words };
}

function isBlank(char: string): boolean {
  // Zero-width space and joiners come along when people paste.
  return /[\s\u200b\u2060\ufeff]/u.test(char);
}
