import { describe, expect, expectTypeOf, it } from 'vitest';
import type { HandlerContext } from '../../src/handlers/context.js';
import { defineHandler, type HandlerDefinition } from '../../src/handlers/define.js';
import type { Fields } from '../../src/handlers/fields.js';
import hash from '../../src/handlers/hash.js';
import lift from '../../src/handlers/lift.js';
import { examine } from '../../src/handlers/module.js';
import { problemWith } from '../../src/handlers/problems.js';
import { builtInModules, loadHandlers, registryOf } from '../../src/handlers/registry.js';
import { handlerSpec } from '../../src/handlers/spec.js';

function context(): HandlerContext & { readonly steps: [number, number][] } {
  const steps: [number, number][] = [];
  const nothing = () => undefined;
  return {
    steps,
    job: { id: 'a', number: 1 },
    attempt: 1,
    signal: new AbortController().signal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    progress: (done, total) => steps.push([done, total]),
  };
}

describe('a handler', () => {
  it('gets arguments of the types that its fields say, with defaults put in', async () => {
    const handler = defineHandler({
      name: 'pack',
      summary: 'packs',
      fields: {
        size: { type: 'choice', options: ['small', 'large'], default: 'small' },
        weight: { type: 'number', min: 0, max: 50 },
        fragile: { type: 'boolean', default: false },
        label: { type: 'text', required: false },
      },
      run(args) {
        expectTypeOf(args).toEqualTypeOf<{
          readonly size: 'small' | 'large';
          readonly weight: number;
          readonly fragile: boolean;
          readonly label: string | undefined;
        }>();
        return args;
      },
    });
    expect(await handler.run({ weight: 1.5 }, context())).toEqual({
      size: 'small',
      weight: 1.5,
      fragile: false,
    });
    await expect(
      handler.run({ size: 'huge', weight: 51, fragile: 'no', label: 1, colour: 'red' }, context()),
    ).rejects.toThrow(
      'there is no argument \'colour\'; size is "huge", wanted: one of small, large; ' +
        'weight is 51, wanted: a number from 0 to 50; fragile is "no", wanted: true or false; ' +
        'label is 1, wanted: a text',
    );
    await expect(handler.run({}, context())).rejects.toThrow('weight is missing');
  });

  it.each([
    [{ name: 'Lift It' }, "a handler cannot be called 'Lift It'"],
    [{ timeout: 0 }, 'lift: timeout is 0'],
    [{ maxAttempts: 1.5 }, 'lift: maxAttempts is 1.5'],
    [{ concurrency: 0 }, 'lift: concurrency is 0, wanted: a whole number from 1'],
    [{ memoryLimit: 0 }, 'lift: memoryLimit is 0'],
    [{ uniqueKey: ['gym'] }, "lift: uniqueKey names 'gym', which is no field"],
    [{ fields: { 'how many': { type: 'text' } } }, "a field cannot be called 'how many'"],
    [
      { fields: { count: { type: 'integer', min: 1, default: 0 } } },
      'lift: the default of count is 0, wanted: a whole number from 1',
    ],
    [{ name: 'cancel' }, "cancel: 'cancel' is a command of the bot's own"],
    [{ name: 'help' }, "help: 'help' is a command of the bot's own"],
    [{ summary: '' }, 'lift: summary is missing, wanted: a text'],
    [{ summary: 'a\u0001b' }, 'which has a character that XML cannot carry'],
    [
      { fields: { n: { type: 'number', min: 2, max: 1 } } },
      'lift: field n cannot be used: min is 2',
    ],
    [
      { fields: { n: { type: 'text', pattern: '(' } } },
      "lift: field n cannot be used: pattern is '('",
    ],
    [
      { fields: { n: { type: 'choice', options: [] } } },
      'lift: field n cannot be used: options is',
    ],
    [
      { fields: { n: { type: 'choice', options: ['a', 'a'] } } },
      'lift: field n cannot be used: an option is there twice',
    ],
  ] satisfies [Partial<HandlerDefinition<Fields>>, string][])(
    'is refused when its definition makes no sense: %j',
    (more, message) => {
      const definition: HandlerDefinition<Fields> = {
        name: 'lift',
        summary: 'lifts',
        fields: {},
        run: () => null,
        ...more,
      };
      expect(() => defineHandler(definition)).toThrow(message);
    },
  );

  it.each([
    [{ summary: undefined }, 'lift: summary is missing'],
    [{ summary: 5 }, 'lift: summary is 5'],
    [{ fields: undefined }, 'lift: fields is undefined, wanted: an object'],
    [
      { fields: { n: { type: 'int' } } },
      "lift: field n has the type 'int', wanted: one of integer",
    ],
    [{ fields: { n: 'text' } }, "lift: field n is 'text'"],
    [{ fields: { n: { type: 'integer', min: '1' } } }, "lift: field n cannot be used: min is '1'"],
    [{ fields: { n: { type: 'choice' } } }, 'lift: field n cannot be used: options is undefined'],
    [{ timeout: '10s' }, "lift: timeout is '10s', wanted: milliseconds"],
    [{ uniqueKey: 'n' }, "lift: uniqueKey is 'n'"],
    [{ isolation: 'moon' }, "lift: isolation is 'moon'"],
    [{ run: 'it' }, 'lift: run is no function'],
    [{ name: 7 }, 'a handler cannot be called 7'],
  ])('is refused by name, though its author has no types: %j', (more, message) => {
    const given: object = { name: 'lift', summary: 'lifts', fields: {}, run: () => null, ...more };
    expect(problemWith(given, true)).toContain(message);
  });

  it('is told to the others by its fields, title and texts', () => {
    const handler = defineHandler({
      name: 'greet',
      summary: 'greets',
      done: 'Greeted',
      fields: { whom: { type: 'text', description: 'who it is' } },
      concurrency: 2,
      uniqueKey: ['whom'],
      run: () => null,
    });
    expect(handlerSpec(handler)).toEqual({
      name: 'greet',
      title: 'greet',
      summary: 'greets',
      timeoutMs: 600_000,
      maxAttempts: 3,
      concurrency: 2,
      uniqueBy: ['whom'],
      texts: { done: 'Greeted' },
      fields: [{ name: 'whom', type: 'text', description: 'who it is', required: true }],
    });
  });
});

describe('lift', () => {
  it('does as many steps as it is told, and says so at each', async () => {
    const observed = context();
    expect(await lift.run({ count: 3, step: 0 }, observed)).toEqual({ lifted: 3 });
    expect(observed.steps).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('ends when it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(lift.run({}, { ...context(), signal })).rejects.toThrow('aborted');
  });
});

describe('hash', () => {
  it('derives the same key from the same text and salt, whatever the steps', async () => {
    const observed = context();
    const args = { text: 'heavy', salt: 'NaCl', rounds: 10_001 };
    const result = await hash.run(args, observed);
    expect(await hash.run(args, context())).toEqual(result);
    expect(result).toMatchObject({ salt: 'NaCl', rounds: 10_001 });
    expect(observed.steps).toEqual([
      [10_000, 10_001],
      [10_001, 10_001],
    ]);
  });
});

describe('modules of handlers', () => {
  it('are loaded by their URLs, with what they define by name', async () => {
    const { registry } = registryOf((await loadHandlers(builtInModules)).handlers);
    expect([...registry.keys()]).toEqual(['lift', 'hash']);
    expect(registry.get('lift')).toMatchObject({
      isolation: 'thread',
      work: { type: 'module', moduleUrl: builtInModules[0], memoryLimit: 128 },
    });
  });

  it('define each name once: of two, the first counts', async () => {
    const { handlers } = await loadHandlers([...builtInModules, ...builtInModules]);
    const { registry, problems } = registryOf(handlers);
    expect(registry.size).toBe(2);
    expect(problems[0]).toMatch(/the handler 'lift' is defined twice/);
  });

  it('are refused by name when they cannot be loaded or define no handler', async () => {
    const { problems } = await loadHandlers(['file:///no/such.js']);
    expect(problems).toEqual([
      expect.stringMatching('cannot load handlers of file:///no/such.js: '),
    ]);
    expect(examine({}).problems).toEqual([expect.stringMatching('make it with defineHandler')]);
    const half = examine({ default: [lift, { name: 'half' }] });
    expect(half.handlers).toEqual([lift]);
    expect(half.problems).toEqual([expect.stringMatching(/^'half': .*no handler/)]);
  });
});

it('fields may be called like what every object has: own properties count only', async () => {
  const names = ['constructor', '__proto__', 'toString'] as const;
  const text = { type: 'text', required: false } as const;
  const seen: unknown[] = [];
  const handler = defineHandler({
    name: 'odd',
    summary: 'odd',
    fields: Object.fromEntries(names.map((name) => [name, text])),
    run: (args) => void seen.push(names.map((name) => args[name])),
  });
  const context = {} as never;
  await handler.run({}, context);
  await handler.run(Object.fromEntries(names.map((name) => [name, `a ${name}`])), context);
  expect(seen).toEqual([
    [undefined, undefined, undefined],
    ['a constructor', 'a __proto__', 'a toString'],
  ]);
});
