import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsGlob, fitsJid } from '../../src/policy/glob.js';
import { type Action, decide, type Policy, type Rule } from '../../src/policy/policy.js';

const policyOf = (rules: readonly Rule[] = [], more: Partial<Policy> = {}): Policy => ({
  administrators: ['root@example.org'],
  rules,
  otherwise: 'own-users',
  domain: 'example.org',
  ...more,
});

const ada = 'ada@example.org';
const eve = 'eve@elsewhere.example';

describe('who may', () => {
  it.each<[string, string, Action, boolean | string]>([
    ['an own user runs commands', ada, { command: 'lift', args: {} }, true],
    ['a stranger does not', eve, { command: 'lift', args: {} }, 'stranger'],
    ['nor one whose domain only ends like ours', 'x@not-example.org', { command: 'x' }, 'stranger'],
    ['an own user does not stop the system', ada, { command: 'exit' }, 'administrators-only'],
    ['an administrator does', 'root@example.org', { command: 'exit' }, true],
    ['one cancels own jobs', ada, { command: 'cancel', owner: ada }, true],
    ["but not others'", ada, { command: 'cancel', owner: 'bob@example.org' }, 'not-yours'],
    ["an administrator cancels anybody's", 'root@example.org', { command: 'x', owner: ada }, true],
  ])('without a file, %s', (_, who, action, expected) => {
    const decision = decide(policyOf(), who, action);
    expect(decision.allowed || decision.why.kind).toBe(expected);
  });

  it('a rule allows strangers what it names, within its conditions', () => {
    const policy = policyOf([
      {
        effect: 'allow',
        who: ['elsewhere.example'],
        commands: ['li*'],
        arguments: { count: { max: 10 }, gym: { oneOf: ['north', 's*'] } },
      },
    ]);
    const may = (args: Action['args']) =>
      decide(policy, eve, { command: 'lift', ...(args && { args }) });
    expect(may(undefined)).toEqual({ allowed: true });
    expect(may({ count: 10, gym: 'south' })).toEqual({ allowed: true });
    expect(may({ count: 11, gym: 'south' })).toMatchObject({ why: { argument: 'count' } });
    expect(may({ count: 1, gym: 'east' })).toMatchObject({ why: { argument: 'gym' } });
    expect(may({ count: 1 })).toMatchObject({ why: { argument: 'gym' } });
    expect(decide(policy, eve, { command: 'dance' })).toMatchObject({ why: { kind: 'stranger' } });
  });

  it('a rule denies own users what it names, and says why', () => {
    const reason = 'Ask the release team.';
    const policy = policyOf([
      {
        effect: 'deny',
        who: ['*'],
        commands: ['deploy'],
        arguments: { to: { oneOf: ['production'] } },
        reason,
      },
    ]);
    expect(decide(policy, ada, { command: 'deploy', args: { to: 'production' } })).toEqual({
      allowed: false,
      why: { kind: 'rule', reason },
    });
    expect(decide(policy, ada, { command: 'deploy', args: { to: 'staging' } }).allowed).toBe(true);
    expect(decide(policy, ada, { command: 'deploy' }).allowed).toBe(true);
  });

  it("the administrators' rights are given one by one", () => {
    const operator: Rule = { effect: 'allow', who: [ada], others: true };
    const stopper: Rule = { effect: 'allow', who: [ada], commands: ['exit'] };
    const cancel = { command: 'cancel', owner: 'bob@example.org' };
    expect(decide(policyOf([operator]), ada, cancel).allowed).toBe(true);
    expect(decide(policyOf([operator]), ada, { command: 'exit' }).allowed).toBe(false);
    expect(decide(policyOf([stopper]), ada, { command: 'exit' }).allowed).toBe(true);
    expect(decide(policyOf([stopper]), ada, cancel).allowed).toBe(false);
  });
});

const name = fc.constantFrom('ada', 'bob', 'root', 'a', 'ab');
const domain = fc.constantFrom('example.org', 'sub.example.org', 'elsewhere.example');
const person = fc.tuple(name, domain).map(([local, at]) => `${local}@${at}`);
const jidPattern = fc.oneof(
  person,
  domain,
  fc.constantFrom('*', '*@example.org', 'a*@*', '*.example.org'),
);
const command = fc.constantFrom('lift', 'deploy', 'cancel', 'status', 'exit');
const args = fc.record(
  { count: fc.integer({ min: 0, max: 5 }), to: fc.constantFrom('here', 'there') },
  { requiredKeys: [] },
);
const action: fc.Arbitrary<Action> = fc.record(
  { command, args, owner: person },
  { requiredKeys: ['command'] },
);
const rule: fc.Arbitrary<Rule> = fc.record(
  {
    effect: fc.constantFrom('allow', 'deny'),
    who: fc.array(jidPattern, { minLength: 1, maxLength: 2 }),
    commands: fc.array(fc.oneof(command, fc.constantFrom('*', 'l*')), { minLength: 1 }),
    arguments: fc.record(
      { count: fc.constant({ max: 3 }), to: fc.constant({ oneOf: ['here'] }) },
      { requiredKeys: [] },
    ),
    others: fc.boolean(),
  },
  { requiredKeys: ['effect', 'who'] },
);
const policy: fc.Arbitrary<Policy> = fc.record({
  administrators: fc.array(person, { maxLength: 1 }),
  rules: fc.array(rule, { maxLength: 4 }),
  otherwise: fc.constantFrom('own-users', 'everyone', 'nobody'),
  domain: fc.constant('example.org'),
});

describe('laws of the policy', () => {
  const holds = (law: (policy: Policy, who: string, action: Action) => void) =>
    fc.assert(fc.property(policy, person, action, law), { numRuns: 2_000 });

  it('an administrator may do everything', () =>
    holds((given, who, wanted) => {
      expect(decide({ ...given, administrators: [who] }, who, wanted).allowed).toBe(true);
    }));

  it('everybody may do everything with what is their own', () =>
    holds((given, who, wanted) => {
      expect(decide(given, who, { ...wanted, owner: who }).allowed).toBe(true);
    }));

  it('the first rule that fits decides: one in front that denies all leaves administrators and the own', () =>
    holds((given, who, wanted) => {
      const deny: Rule = { effect: 'deny', who: ['*'] };
      const { allowed } = decide({ ...given, rules: [deny, ...given.rules] }, who, wanted);
      expect(allowed).toBe(given.administrators.includes(who) || wanted.owner === who);
    }));

  it('a rule behind one that fits everything changes nothing', () =>
    holds((given, who, wanted) => {
      const all: Rule = { effect: 'deny', who: ['*'] };
      const before = decide({ ...given, rules: [all] }, who, wanted);
      expect(decide({ ...given, rules: [all, ...given.rules] }, who, wanted)).toEqual(before);
    }));

  it('without rules for it, nobody but an administrator stops the system or touches what is not theirs', () =>
    holds((given, who, wanted) => {
      const mild = given.rules.map((kept) => ({
        ...kept,
        others: false,
        commands: ['lift', '*'],
      }));
      const { allowed } = decide({ ...given, rules: mild, administrators: [] }, who, wanted);
      const isForeign = wanted.owner !== undefined && wanted.owner !== who;
      if (allowed && wanted.owner !== who) {
        expect(wanted.command).not.toBe('exit');
        expect(isForeign).toBe(false);
      }
    }));

  it('whoever may with some arguments is not told before that they may not', () =>
    holds((given, who, { args: some = {}, ...wanted }) => {
      if (decide(given, who, { ...wanted, args: some }).allowed)
        expect(decide(given, who, wanted).allowed).toBe(true);
    }));
});

describe('patterns', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-'), maxLength: 8 });

  it('one without a star fits itself only', () =>
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(fitsGlob(a, b)).toBe(a === b);
      }),
    ));

  it('a star stands for any characters, none included', () =>
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 4 }), fc.array(word), (parts, gaps) => {
        const text = parts.map((part, at) => part + (gaps[at] ?? '')).join('');
        expect(fitsGlob(`${parts.join('*')}*`, text)).toBe(true);
      }),
    ));

  it('fits as the regular expression of the same meaning does', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }),
        (pattern, text) => {
          expect(fitsGlob(pattern, text)).toBe(
            new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`).test(text),
          );
        },
      ),
      { numRuns: 5_000 },
    ));

  it.each([
    ['*', ada, true],
    ['example.org', ada, true],
    ['*.example.org', ada, false],
    ['*.example.org', 'ada@sub.example.org', true],
    ['ADA@example.org', ada, false],
    ['*a@example.org', ada, true],
    ['*@*', ada, true],
    ['ada', ada, false],
    ['ada*', 'ada@example.org', false],
  ])('%s fits %s: %s', (pattern, who, expected) => {
    expect(fitsJid(pattern, who)).toBe(expected);
  });
});
