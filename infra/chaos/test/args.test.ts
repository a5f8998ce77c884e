import { describe, expect, it } from 'vitest';
import { parseChaosArgs } from '../src/args.js';

const known = ['calm', 'cut'];
const parse = (line: string) => parseChaosArgs(line.split(' ').filter(Boolean), known);

describe('the command line of chaos', () => {
  it('plays every scenario for a minute unless told otherwise, with a seed of its own', () => {
    expect(parse('')).toMatchObject({ kind: 'run', options: { scenarios: known, ms: 60_000 } });
  });

  it('takes a seed, parts of minutes and several scenarios', () => {
    expect(parse('--seed 7 --minutes 0.5 --scenario cut,calm')).toMatchObject({
      options: { seed: 7, ms: 30_000, scenarios: ['cut', 'calm'] },
    });
  });

  it.each(['--scenario storm', '--minutes 0', '--seed x', '--rate -1', '--storm'])(
    'says what is wrong with %s',
    (line) => {
      expect(parse(line).kind).toBe('wrong');
    },
  );
});
