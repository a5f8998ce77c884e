import { readFileSync } from 'node:fs';
import { envFiles, planProvision } from '@heavylift/provision';

/** A file of `infra/`. */
export const infra = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The names of the files that `heavylift provision` writes for so many lifters. */
export function envFileNames(lifters: number): readonly string[] {
  const plan = planProvision({
    service: 'example.org',
    domain: 'example.org',
    admin: { username: 'admin', password: 'secret' },
    lifters,
  });
  return [...envFiles(plan).keys()].sort();
}
