import { describe, expect, it } from 'vitest';
import { createLogger, sessionLog } from '../src/index.js';
import { linesOfATurn } from '../src/logging.js';

function captured(level = 'info') {
  const lines: string[] = [];
  const log = createLogger({ name: 'gym', level, destination: { write: (l) => lines.push(l) } });
  return { log, lines };
}

describe('a line of the log', () => {
  it('is JSON with service, time, level in words and message', () => {
    const { log, lines } = captured();
    log.child({ job: '42' }).warn({ lifter: 'lifter-1' }, 'stalled');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      name: 'gym',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      level: 'warn',
      job: '42',
      lifter: 'lifter-1',
      msg: 'stalled',
    });
  });

  it('tells no message of a cause twice', () => {
    const { log, lines } = captured();
    const cause = new Error('no server');
    log.error({ err: new Error(`no job: ${cause.message}`, { cause }) }, 'failed');
    expect(JSON.parse(lines[0] ?? '').err.message).toBe('no job: no server');
  });

  it('tells an error with its causes', () => {
    const { log, lines } = captured();
    log.error({ err: new Error('no job', { cause: new Error('no server') }) }, 'failed');
    expect(lines[0]).toContain('no job: no server');
  });

  it.each([
    { password: 's3cret' },
    { options: { password: 's3cret', username: 'bot' } },
    { message: { stanza: { body: 's3cret' } } },
    { headers: { authorization: 's3cret' } },
    { token: 's3cret' },
    { attempts: [{ account: { password: 's3cret' } }] },
    { err: Object.assign(new Error('no'), { request: { token: 's3cret' } }) },
  ])('never holds a secret or what people write: %j', (details) => {
    const { log, lines } = captured();
    log.info(details, 'logged');
    log.child(details).info('logged');
    log.child({ job: '42' }).child(details).info('logged');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('"job":"42"');
    for (const line of lines) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain('s3cret');
    }
  });

  it('tells what an error says, though there is a secret in it', () => {
    const { log, lines } = captured();
    log.warn({ err: Object.assign(new Error('refused'), { body: 's3cret' }) }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      err: { type: 'Error', message: 'refused', body: '[redacted]', stack: expect.any(String) },
    });
  });

  it('is not written below the level', () => {
    const { log, lines } = captured('warn');
    log.info('fine');
    expect(lines).toEqual([]);
  });

  it('carries what the XMPP library has to say', () => {
    const { log, lines } = captured('debug');
    sessionLog(log).debug({ id: 'a' }, 'sent');
    sessionLog(log).warn({ id: 'b' }, 'odd stanza');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'debug', id: 'a', msg: 'sent' },
      { level: 'warn', id: 'b', msg: 'odd stanza' },
    ]);
  });
});

describe('standard output', () => {
  function written() {
    const writes: string[] = [];
    const lines = linesOfATurn({ write: (text) => writes.push(text) });
    return { writes, lines };
  }

  it('gets the lines of one turn of the event loop together, and in order', async () => {
    const { writes, lines } = written();
    lines.write('a\n');
    await Promise.resolve();
    lines.write('b\n');
    expect(writes).toEqual([]);
    await new Promise(setImmediate);
    expect(writes).toEqual(['a\nb\n']);
    lines.write('c\n');
    await new Promise(setImmediate);
    expect(writes).toEqual(['a\nb\n', 'c\n']);
  });

  it('gets a fatal line at once, after those before it', () => {
    const { writes, lines } = written();
    const log = createLogger({ name: 'gym', level: 'info', destination: lines });
    log.info('begun');
    log.fatal('broken');
    expect(writes).toEqual([expect.stringMatching(/begun.*\n.*broken.*\n$/)]);
  });

  it('gets at exit what was said in the last turn', () => {
    const { writes, lines } = written();
    lines.write('the end\n');
    lines.flushSync();
    lines.flushSync();
    expect(writes).toEqual(['the end\n']);
  });
});
