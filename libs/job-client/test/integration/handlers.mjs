import { setTimeout as sleep } from 'node:timers/promises';

/** What the lifters of these tests can do; of the shape that `defineHandler` makes. */
const common = { timeout: 60_000, maxAttempts: 1, isolation: 'inline', memoryLimit: 64 };

export default [
  {
    ...common,
    name: 'add',
    title: 'sum',
    summary: 'adds two numbers',
    fields: {
      a: { type: 'number' },
      b: { type: 'number', default: 0 },
      label: { type: 'text', default: '' },
      twice: { type: 'boolean', default: false },
    },
    run: async ({ a, b, label, twice }) => ({ sum: (a + b) * (twice ? 2 : 1), label }),
  },
  {
    ...common,
    name: 'wait',
    title: 'wait',
    summary: 'takes a while, and says how far it is',
    fields: { ms: { type: 'integer', default: 1_000 } },
    async run({ ms }, { progress, signal }) {
      for (let done = 0; done < 10; done += 1) {
        progress(done, 10, 'waiting');
        await sleep(ms / 10, undefined, { signal });
      }
      return 'waited';
    },
  },
  {
    ...common,
    name: 'fail',
    title: 'failure',
    summary: 'fails',
    fields: {},
    run() {
      throw new RangeError('too heavy');
    },
  },
  {
    ...common,
    name: 'shaky',
    title: 'shaky job',
    summary: 'fails the first time',
    maxAttempts: 2,
    fields: {},
    run(_, { attempt }) {
      if (attempt === 1) throw new Error('slipped');
      return attempt;
    },
  },
];
