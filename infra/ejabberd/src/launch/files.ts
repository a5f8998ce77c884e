import { readdir, readFile, stat } from 'node:fs/promises';

/** Whether a file or folder is there. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(() => true, ifMissing(false));

/** A text file's content, or undefined if there is none. */
export const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(ifMissing(undefined));

/** What a folder holds; nothing if there is no such folder. */
export const namesIn = (dir: string): Promise<string[]> =>
  readdir(dir).catch(ifMissing<string[]>([]));

/** Takes a path that is not there for that, and no other error. */
function ifMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return instead;
    throw error;
  };
}
