import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { defineHandler, FinalError } from '@heavylift/lifter';

/** Reads a file line by line: progress in bytes, an end when told to, and no retry where it would be of no use. */
export default defineHandler({
  name: 'word-count',
  title: 'word count',
  summary: 'counts lines and words of a text file',
  done: 'Done counting',
  fields: { path: { type: 'text', description: 'The path of the file, on the lifter.' } },
  uniqueKey: ['path'],
  async run({ path }, { progress, signal }) {
    const { size } = await stat(path).catch(() => {
      throw new FinalError(`there is no file ${path}`);
    });
    const input = createReadStream(path, { signal });
    let lines = 0;
    let words = 0;
    for await (const line of createInterface({ input })) {
      lines++;
      words += line.split(/\s+/).filter(Boolean).length;
      progress(input.bytesRead, size);
    }
    return { lines, words };
  },
});
