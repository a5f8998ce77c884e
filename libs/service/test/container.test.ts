import { describe, expect, it } from 'vitest';
import { composeModules, defineModule, token } from '../src/index.js';

interface Bar {
  readonly kilograms: number;
}

const BarToken = token<Bar>('Bar');
const LoadToken = token<number>('Load');

describe('modules', () => {
  it('make what a token stands for from what other tokens stand for', async () => {
    const composition = await composeModules([
      defineModule((provide) => {
        provide(LoadToken, [BarToken], ({ kilograms }) => kilograms + 100);
        provide(BarToken, [], async () => ({ kilograms: 20 }));
      }),
    ]);
    expect(await composition.get(LoadToken)).toBe(120);
  });

  it('make it once, and not before it is needed', async () => {
    let made = 0;
    const composition = await composeModules([
      defineModule((provide) => {
        provide(BarToken, [], () => {
          made += 1;
          return { kilograms: 20 };
        });
        provide(LoadToken, [BarToken, BarToken], (a, b) => a.kilograms + b.kilograms);
      }),
    ]);
    expect(made).toBe(0);
    expect(await composition.get(LoadToken)).toBe(40);
    expect(await composition.get(BarToken)).toBe(await composition.get(BarToken));
    expect(made).toBe(1);
  });

  it('name the token that nobody provides', async () => {
    const composition = await composeModules([
      defineModule((provide) => provide(LoadToken, [BarToken], ({ kilograms }) => kilograms)),
    ]);
    await expect(composition.get(LoadToken)).rejects.toThrow(/Symbol\(Bar\)/);
  });

  it('do not take two ways to make one thing', async () => {
    const bar = defineModule((provide) => provide(BarToken, [], () => ({ kilograms: 20 })));
    const other = defineModule((provide) => provide(BarToken, [], () => ({ kilograms: 15 })));
    const composition = await composeModules([bar, other]);
    await expect(composition.get(BarToken)).rejects.toThrow(/Symbol\(Bar\)/);
  });
});
