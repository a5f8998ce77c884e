import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig } from 'vite';
import { describe, expect, it } from 'vitest';
import { logIn, type Peer, scriptedServer } from './scripted-server.js';

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
    expect(code).not.toMatch(
      /from\s*["']node:|externalized for browser compatibility|require\(["']/,
    );
    expect(code).not.toContain('StringDecoder');
  }, 30_000);

  it.each([
    [
      'the start was aborted',
      `session.start({ signal: AbortSignal.timeout(200) }).catch((error) => error.code)`,
      'aborted',
      (): Promise<void> => Promise.resolve(),
    ],
    [
      'it was stopped with a request pending',
      `session.start().then(async () => {
         const asked = session.request({ type: 'get', payload: new Element('q', 'urn:test') });
         await Promise.allSettled([asked, session.stop()]);
         return asked.catch((error) => error.code);
       })`,
      'stopped',
      (peer: Peer) => logIn(peer, { sm: true }),
    ],
  ])(
    'for Node lets its process end by itself when %s',
    async (_, outcome, expected, script) => {
      const dir = await mkdtemp(join(tmpdir(), 'xmpp-pubsub-'));
      try {
        await writeFile(
          join(dir, 'entry.mjs'),
          `export { createSession } from ${JSON.stringify(entry)};
         export { Element } from ${JSON.stringify(fileURLToPath(import.meta.resolve('@xmpp/xml')))};`,
        );
        const conditions = ['@heavylift/source', 'node', 'import', 'module', 'default'];
        const code = await bundle({
          resolve: { conditions },
          ssr: { noExternal: true, resolve: { conditions } },
          build: { ssr: join(dir, 'entry.mjs') },
        });
        await writeFile(join(dir, 'library.mjs'), code);
        await using server = await scriptedServer(script);
        const options = { ...server.options, requestTimeoutMs: 120_000 };
        await writeFile(
          join(dir, 'main.mjs'),
          `import { createSession, Element } from './library.mjs';
         const session = createSession(${JSON.stringify(options)});
         console.log(await ${outcome});`,
        );
        const child = spawn(process.execPath, [join(dir, 'main.mjs')], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
        try {
          const [exitCode] = await once(child, 'close', { signal: AbortSignal.timeout(20_000) });
          expect(output.trim()).toBe(expected);
          expect(exitCode).toBe(0);
        } finally {
          child.kill('SIGKILL');
        }
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    40_000,
  );
});
