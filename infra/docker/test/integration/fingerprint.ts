import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Tells apart what images are made of: the files that are built, the dependencies that are locked, and what else is given. */
export async function fingerprint(workspace: string, ...more: readonly string[]): Promise<string> {
  const files = ['package-lock.json', '.dockerignore', 'infra/docker/service.Dockerfile'];
  for (const group of ['libs', 'services', 'infra']) {
    for (const name of await readdir(join(workspace, group))) {
      const dir = join(group, name);
      if (!existsSync(join(workspace, dir, 'package.json'))) continue;
      files.push(join(dir, 'package.json'));
      const dist = join(dir, 'dist');
      if (!existsSync(join(workspace, dist))) continue;
      const built = await readdir(join(workspace, dist), { recursive: true });
      files.push(
        ...built.filter((path) => /\.m?js(?:\.map)?$/.test(path)).map((path) => join(dist, path)),
      );
    }
  }
  const hash = createHash('sha256').update(JSON.stringify(more));
  for (const path of files.sort())
    hash.update(`\0${path}\0`).update(await readFile(join(workspace, path)));
  return hash.digest('hex');
}
