import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Action, decide } from '../../src/policy/policy.js';
import { readPolicy } from '../../src/policy/read-policy.js';

const page = readFileSync(new URL('../../../../docs/policy.md', import.meta.url), 'utf8');

describe('the example in docs/policy.md', () => {
  const [, source = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  const read = readPolicy(source);

  it.each<[string, Action, boolean]>([
    ['root@example.org', { command: 'deploy', args: { target: 'production' } }, true],
    ['ada@example.org', { command: 'deploy', args: { target: 'production' } }, false],
    ['ada@example.org', { command: 'deploy', args: { target: 'staging' } }, true],
    ['pia@partner.example', { command: 'lift', args: { count: 10 } }, true],
    ['pia@partner.example', { command: 'lift', args: { count: 11 } }, false],
    ['ops@example.org', { command: 'cancel', owner: 'ada@example.org' }, true],
    ['ops@example.org', { command: 'exit' }, false],
    ['night-watch@example.org', { command: 'exit' }, true],
  ])('%s, %j: %s', (who, action, expected) => {
    if ('problems' in read) throw new Error(read.problems.join('\n'));
    expect(decide({ ...read.policy, domain: 'example.org' }, who, action).allowed).toBe(expected);
  });
});
