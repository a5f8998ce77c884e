import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version of this package, e.g. `1.2.0`. */
export function ownVersion(): string {
  const source = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(source)).version;
}
