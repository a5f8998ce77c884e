import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/policy/read-policy.js';

describe('a policy file', () => {
  it('is read', () => {
    const read = readPolicy(`
administrators: root@example.org
rules:
  - allow: '*@partner.example'
    commands: [lift, status]
    arguments:
      count: { max: 10 }
      gym: [north, south]
  - deny: [eve@example.org, bad.example]
    reason: Not after what happened.
  - allow: ops@example.org
    others: true
otherwise: nobody
`);
    expect(read).toEqual({
      policy: {
        administrators: ['root@example.org'],
        rules: [
          {
            effect: 'allow',
            who: ['*@partner.example'],
            commands: ['lift', 'status'],
            arguments: { count: { max: 10 }, gym: { oneOf: ['north', 'south'] } },
          },
          {
            effect: 'deny',
            who: ['eve@example.org', 'bad.example'],
            reason: 'Not after what happened.',
          },
          { effect: 'allow', who: ['ops@example.org'], others: true },
        ],
        otherwise: 'nobody',
      },
    });
  });

  it('may be empty: then the default holds', () => {
    expect(readPolicy('# nothing yet\n')).toEqual({
      policy: { administrators: [], rules: [], otherwise: 'own-users' },
    });
  });

  it.each([
    ['otherwise: anyone', 'otherwise: expected own-users, everyone or nobody'],
    ['admins: [a@b]', 'the file: admins is not known'],
    ['rule: []', 'the file: rule is not known. Is it rules?'],
    ['rules: {}', 'rules: expected a list of rules'],
    ['rules: [{commands: lift}]', 'rules[1]: expected either allow or deny, saying who'],
    ['rules: [{allow: a@b, comands: x}]', 'rules[1]: comands is not known. Is it commands?'],
    [
      'rules: [{allow: a@b}, {deny: "a b"}]',
      'rules[2].deny: expected bare JIDs (no blanks, nothing after a slash), domains or *',
    ],
    [
      'rules: [{allow: a@b, arguments: {count: {maximum: 3}}}]',
      'rules[1].arguments.count: maximum is not known',
    ],
    ['rules: [{deny: a@b, others: true}]', 'rules[1]: others goes with allow'],
    [
      'rules: [{allow: a@b, arguments: {count: {}}}]',
      'rules[1].arguments.count: expected a value, a list of values, or bounds: {min: 1, max: 10}',
    ],
    ['rules:\n  - allow: *ada', "What begins with * has to be in quotes: '*'"],
    ['rules:\n\t- x', 'line 2, column 1: '],
    ['- a', 'the file: '],
  ])('%j is refused: %s', (source, problem) => {
    const read = readPolicy(source);
    expect('problems' in read && read.problems[0]).toContain(problem);
  });

  it('never throws, whatever stands in it', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string({ unit: fc.constantFrom('a', ':', '-', ' ', '\n', '&', '*', '{', '[') }),
        ),
        (source) => {
          const read = readPolicy(source);
          expect('policy' in read || read.problems.length > 0).toBe(true);
        },
      ),
    ));
});
