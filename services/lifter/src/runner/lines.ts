import { StringDecoder } from 'node:string_decoder';

/** Makes lines of what arrives in pieces. */
export interface LineSplitter {
  push(piece: Uint8Array | string): void;
  /** Gives out what stands without a line break at the end. */
  end(): void;
}

/** @param maxLength a longer line is given out in pieces of so many characters */
export function lineSplitter(onLine: (line: string) => void, maxLength = 8_192): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let rest = '';

  function take(text: string): void {
    // A carriage return alone is how programs redraw a line of progress.
    const lines = (rest + text).split(/\r?\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) giveOut(line);
    while (rest.length > maxLength) {
      onLine(rest.slice(0, maxLength));
      rest = rest.slice(maxLength);
    }
  }

  function giveOut(line: string): void {
    onLine(line.slice(0, maxLength));
    if (line.length > maxLength) giveOut(line.slice(maxLength));
  }

  return {
    push: (piece) => take(typeof piece === 'string' ? piece : decoder.write(Buffer.from(piece))),
    end() {
      take(decoder.end());
      const last = rest.replace(/\r$/, '');
      if (last !== '') giveOut(last);
      rest = '';
    },
  };
}
