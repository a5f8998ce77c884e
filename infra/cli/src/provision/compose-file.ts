/** Lifters for Docker Compose, beyond those that `infra/compose/*.yaml` have: one is an account, so each is a service. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

/** How many lifters the files have by themselves. */
export const ownLifters = { 'single.yaml': 2, 'cluster.yaml': 4 } as const;

export type ComposeBase = keyof typeof ownLifters;

/** @returns whether it was not so before */
export async function writeComposeFile(
  path: string,
  base: ComposeBase,
  lifters: number,
): Promise<boolean> {
  const content = composeFile(base, lifters);
  if (contentOf(path) === content) return false;
  await writeFile(path, content, { mode: 0o644 });
  return true;
}

/** Paths are those of Compose: they begin at the folder of its first file, where `env` is. */
export function composeFile(base: ComposeBase, lifters: number): string {
  const names = Array.from({ length: lifters }, (_, index) => `lifter-${index + 1}`);
  const more = names.slice(ownLifters[base]);
  const lines = [
    '# Written by `heavylift provision`: the lifters that are not in the file itself.',
    `# docker compose -f ${base} -f env/lifters.yaml up -d`,
  ];
  if (more.length === 0) return `${[...lines, 'services: {}'].join('\n')}\n`;
  const services = more.map((name) => serviceOf(name, base));
  const secrets = more.map((name) => `  ${name}:\n    file: ./env/${name}.env`);
  return `${[...lines, 'services:', ...services, 'secrets:', ...secrets].join('\n')}\n`;
}

/** The image is the one that lifter-1 builds. */
const serviceOf = (name: string, base: ComposeBase): string =>
  `  ${name}:
    extends:
      file: ${base}
      service: lifter-1
    build: !reset null
    secrets: !override
      - source: ${name}
        target: service.env`;

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
