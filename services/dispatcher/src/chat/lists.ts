/** Lists are cut there: a chat message is no place for a thousand lines. */
export const longestList = 20;
/** Rows and characters of a table for programs: with what XML adds, far from what a server lets through. */
const mostRows = 500;
const mostCharacters = 64_000;
const longestLine = 1_000;

/**
 * The first lines of a list; if it was cut, the last one says so.
 * @param count of the whole list, if those that cannot be shown are not among the lines
 */
export function cutLines(lines: readonly string[], count = lines.length): readonly string[] {
  const shown = lines.slice(0, longestList).map((line) => cutText(line, longestLine));
  const more = count - shown.length;
  return more > 0 ? [...shown, `… and ${more} more`] : shown;
}

/** The first rows of a table, as many as can be sent; the body of the answer says whether it is cut. */
export function cutRows(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const shown: (readonly string[])[] = [];
  let characters = 0;
  for (const row of rows) {
    const cells = row.map((cell) => cutText(cell, longestLine));
    characters += cells.reduce((sum, { length }) => sum + length, 0);
    if (shown.length >= mostRows || characters > mostCharacters) break;
    shown.push(cells);
  }
  return shown;
}

/** @returns the text, with `…` in place of what is too much */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
