import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig } from 'vite';
import { describe, expect, it } from 'vitest';
import { scriptedServer } from './scripted-server.js';

const entry = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

async function bundle(config: InlineConfig): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    ...config,
    build: { ...config.build, write: false, minify: false },
  });
  const [result] = [built].flat();
  if (result === undefined || !('output' in result)) throw new Error('nothing was built');
  const [chunk, ...more] = result.output;
  expect(more).toEqual([]);
  return chunk.code;
}

describe('the library as a bundle', () => {
  it('for a browser holds nothing of Node', async () => {
    const code = await bundle({
      resolve: { conditions: ['@heavylift/source', 'browser', 'import', 'module', 'default'] },
      build: { lib: { entry, formats: ['es'] } },
    });
    expect(code).toContain('createSession');
    expect(code).not.toMatch(/from\s*["']node:|__vite-browser-external|require\(["']/);
    expect(code).not.toContain('StringDecoder');
  }, 30_000);

  it('for Node lets its process end by itself when the start was aborted', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'xmpp-pubsub-'));
    try {
      const code = await bundle({
        resolve: { conditions: ['@heavylift/source', 'node', 'import', 'module', 'default'] },
        ssr: {
          noExternal: true,
          resolve: { conditions: ['@heavylift/source', 'node', 'import', 'module', 'default'] },
        },
        build: { ssr: entry },
      });
      await writeFile(join(dir, 'library.mjs'), code);
      await using silent = await scriptedServer(() => Promise.resolve());
      await writeFile(
        join(dir, 'main.mjs'),
        `import { createSession } from './library.mjs';
         const session = createSession(${JSON.stringify(silent.options)});
         const outcome = await session.start({ signal: AbortSignal.timeout(200) }).catch((error) => error.code);
         console.log(outcome);`,
      );
      const child = spawn(process.execPath, [join(dir, 'main.mjs')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const [exitCode] = await once(child, 'close', { signal: AbortSignal.timeout(20_000) });
      expect(output.trim()).toBe('aborted');
      expect(exitCode).toBe(0);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 30_000);
});
