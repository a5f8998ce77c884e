import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clauses } from '../../src/chat/clauses.js';
import { alike } from '../../src/policy/alike.js';
import { decide } from '../../src/policy/policy.js';
import { readPolicy } from '../../src/policy/read-policy.js';

const ada = 'ada@example.org';

function policy(source: string) {
  const read = readPolicy(source);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return { ...read.policy, domain: 'example.org' };
}

describe('what is denied by a text', () => {
  const denies = policy('rules: [{deny: "*", commands: deploy, arguments: {target: production}}]');
  const may = (target: string) =>
    decide(denies, ada, { command: 'deploy', args: { target } }).allowed;

  it.each([
    ...['production', 'Production', 'PRODUCTION', ' production', 'production  ', '\tproduction\n'],
    ...[
      'ｐｒｏｄｕｃｔｉｏｎ',
      'pro\u200bduction',
      'pro\u00adduction',
      '\ufeffproduction',
      'production\u2060',
    ],
    ...[
      'production\u00a0',
      '\u3000production',
      'production\u2028',
      'production\u0085',
      'pro\u{e0020}duction',
    ],
    ...[
      '𝐩𝐫𝐨𝐝𝐮𝐜𝐭𝐢𝐨𝐧',
      'production\u2800',
      '\u202eproduction\u202c',
      'prod\u007fuction',
      'production\ufe0f',
    ],
  ])('is not evaded by %j', (target) => expect(may(target)).toBe(false));

  it.each(['staging', 'prod uction', 'production2', ''])('leaves %j alone', (target) =>
    expect(may(target)).toBe(true),
  );

  it('is a number, or a yes, however it is spelt', () => {
    const bounds = policy('rules: [{deny: "*", arguments: {count: {min: 100}}}]');
    const force = policy('rules: [{deny: "*", arguments: {force: yes}}]');
    for (const count of [100, '100', ' 1００ ', '1e3'])
      expect(decide(bounds, ada, { command: 'x', args: { count } }).allowed).toBe(false);
    expect(decide(bounds, ada, { command: 'x', args: { count: '' } }).allowed).toBe(true);
    expect(decide(force, ada, { command: 'x', args: { force: true } }).allowed).toBe(false);
    expect(decide(force, ada, { command: 'x', args: { force: false } }).allowed).toBe(true);
  });

  it('does not make more texts allowed than those that are written', () => {
    const only = policy('rules: [{allow: x.example, arguments: {target: staging}}]');
    const by = (target: string) =>
      decide(only, 'eve@x.example', { command: 'deploy', args: { target } }).allowed;
    expect([by('staging'), by('Staging')]).toEqual([true, true]);
    expect([by('staging\n--force'), by('ｓtaging'), by('staging ')]).toEqual([false, false, false]);
    expect(decide(only, 'eve@x.example', { command: 'x', args: {} }).allowed).toBe(false);
  });

  it('looks the same to everybody: to fold it twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(alike(`\u200b ${text}\n`)).toBe(alike(text));
        expect(alike(alike(text))).toBe(alike(text));
      }),
    );
  });
});

describe('a rule on when, where and how urgently', () => {
  const may = (source: string, clauses: Clauses, who = ada) =>
    decide(policy(`rules: [${source}]`), who, { command: 'lift', args: {}, clauses }).allowed;
  const every: Clauses = { when: { kind: 'every', cron: '* * * * * *' } };
  const at: Clauses = { when: { kind: 'at', hour: 8, minute: 5 } };
  const inHours = (hours: number): Clauses => ({ when: { kind: 'in', ms: hours * 3_600_000 } });

  it.each<[string, Clauses, boolean]>([
    ['{deny: "*", clauses: {when: every}}', every, false],
    ['{deny: "*", clauses: {when: every}}', at, true],
    ['{deny: "*", clauses: {when: every}}', {}, true],
    ['{deny: "*", clauses: {every: "* * * * * *"}}', every, false],
    ['{deny: "*", clauses: {at: "08:*"}}', at, false],
    ['{deny: "*", clauses: {in: {min: 1d}}}', inHours(25), false],
    ['{deny: "*", clauses: {in: {min: 1d}}}', inHours(23), true],
    ['{deny: "*", clauses: {priority: {min: 1}}}', { priority: 2 }, false],
    ['{deny: "*", clauses: {priority: {min: 1}}}', {}, true],
    ['{deny: "*", clauses: {on: all}}', { target: { kind: 'all' } }, false],
    [
      '{deny: "*", clauses: {on: "lifter-*"}}',
      { target: { kind: 'lifter', name: 'Lifter-2' } },
      false,
    ],
    ['{deny: "*", clauses: {on: "lifter-*"}}', {}, true],
    ['{deny: "*", clauses: {within: {max: 1m}}}', { withinMs: 1_000 }, false],
    ['{deny: "*", clauses: {within: {max: 1m}}}', {}, true],
  ])('%s, %j: %s', (rule, clauses, expected) => expect(may(rule, clauses)).toBe(expected));

  it('allows strangers what it names, and says of the rest what it would have to be', () => {
    const rule =
      '{allow: x.example, clauses: {when: [now, in], in: {max: 1h}, on: [any, lifter-1]}}';
    const eve = 'eve@x.example';
    expect(may(rule, {}, eve)).toBe(true);
    expect(may(rule, inHours(1), eve)).toBe(true);
    expect(may(rule, inHours(2), eve)).toBe(false);
    expect(may(rule, every, eve)).toBe(false);
    expect(may(rule, { target: { kind: 'all' } }, eve)).toBe(false);
  });

  it('that cannot be read is named', () => {
    expect(readPolicy('rules: [{deny: "*", clauses: {evry: x}}]')).toEqual({
      problems: ['rules[1].clauses: evry is not known. Is it every?'],
    });
    expect(readPolicy('rules: [{deny: "*", clauses: {in: {max: soon}}}]')).toMatchObject({
      problems: [expect.stringContaining('rules[1].clauses.in.max: expected spans of time')],
    });
  });
});
