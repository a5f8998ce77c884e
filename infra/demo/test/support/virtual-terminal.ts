import { Writable } from 'node:stream';

const escapeCharacter = String.fromCharCode(27);
const commandOrCharacter = new RegExp(`${escapeCharacter}\\[(\\d*)([A-Za-z])|.`, 'gsu');

/** A terminal that knows what readline sends: text, line breaks, cursor movement, clearing. */
export class VirtualTerminal extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  /** What stands on the screen, without empty rows at the end. */
  get text(): string {
    return this.#rows
      .map((row) => row.join('').trimEnd())
      .join('\n')
      .trimEnd();
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    for (const [all, count, command] of chunk.matchAll(commandOrCharacter)) {
      if (command === undefined) this.#put(all);
      else this.#obey(command, count === '' ? undefined : Number(count));
    }
    done();
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#row += 1;
      this.#column = 0;
    } else {
      if (this.columns > 0 && this.#column === this.columns) {
        this.#row += 1;
        this.#column = 0;
      }
      const row = this.#line();
      while (row.length < this.#column) row.push(' ');
      row[this.#column] = character;
      this.#column += 1;
    }
    this.#line();
  }

  #line(): string[] {
    while (this.#rows.length <= this.#row) this.#rows.push([]);
    return this.#rows[this.#row] ?? [];
  }

  #obey(command: string, count: number | undefined): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - (count ?? 1));
    else if (command === 'B') this.#row += count ?? 1;
    else if (command === 'C') this.#column += count ?? 1;
    else if (command === 'D') this.#column = Math.max(0, this.#column - (count ?? 1));
    else if (command === 'G') this.#column = (count ?? 1) - 1;
    else if (command === 'J' || command === 'K') {
      this.#line().splice(this.#column);
      if (command === 'J') this.#rows.splice(this.#row + 1);
    } else throw new Error(`unknown terminal command ${command}`);
  }
}
