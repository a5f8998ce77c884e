import type { Element } from '@xmpp/xml';
import { XmppError } from '../errors.js';
import { writeForm } from './form.js';
import { toDate } from './read-xml.js';
import type { Drift, OtherFields } from './types/config.js';
import type { DataForm, FormField } from './types/form.js';

/** How a typed value stands in the values of a form field. */
export interface FieldCodec<V> {
  /** `undefined` for what is no such value; the field then counts as unknown. */
  parse(values: readonly string[]): V | undefined;
  format(value: V): readonly string[];
}

export type Mutable<C> = { -readonly [K in keyof C]: C[K] };

interface FieldRule<C> {
  readonly key: string;
  readonly name: string;
  /** @returns whether the values were understood */
  read(values: readonly string[], into: Mutable<C>): boolean;
  write(config: C): readonly string[] | undefined;
}

/** Binds keys of C to form fields. */
export function fieldsOf<C>() {
  return <K extends keyof C & string>(
    key: K,
    name: string,
    codec: FieldCodec<Exclude<C[K], undefined>>,
  ): FieldRule<C> => ({
    key,
    name,
    read(values, into) {
      const value = codec.parse(values);
      // A known field without a value is one that is not set.
      if (value === undefined) return values.length === 0;
      into[key] = value;
      return true;
    },
    write(config) {
      const value = config[key];
      return isGiven(value) ? codec.format(value) : undefined;
    },
  });
}

function isGiven<V>(value: V): value is Exclude<V, undefined> {
  return value !== undefined;
}

interface WithOther {
  readonly other?: OtherFields;
}

/** A typed view of a form: known fields by key, the rest in `other`. */
export interface FormSchema<C> {
  read(form: DataForm): C;
  /** @throws XmppError `invalid-option` for a value that the field cannot hold */
  write(config: C): Element;
  /** Where `actual` is not as `wanted` says; what `wanted` does not name is no drift. */
  drift(actual: C | undefined, wanted: C): Drift[];
}

export function formSchema<C extends WithOther>(
  formType: string,
  rules: readonly FieldRule<C>[],
  empty: () => Mutable<C>,
): FormSchema<C> {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));

  function* written(
    config: C,
  ): Generator<{ key: string; name: string; values: readonly string[] }> {
    for (const rule of rules) {
      const values = rule.write(config);
      if (values !== undefined) yield { key: rule.key, name: rule.name, values };
    }
    for (const [name, values] of Object.entries(config.other ?? {})) {
      yield { key: name, name, values };
    }
  }

  return {
    read(form) {
      const config = empty();
      const other: (readonly [string, readonly string[]])[] = [];
      for (const { name, values } of form.fields) {
        if (byName.get(name)?.read(values, config) !== true) other.push([name, values]);
      }
      // Unlike an assignment, this makes a field of whatever name, `__proto__` too.
      if (other.length > 0) config.other = Object.fromEntries(other);
      return config;
    },
    write(config) {
      const fields: FormField[] = [...written(config)].map(({ name, values }) => ({
        name,
        values,
      }));
      return writeForm({ type: 'submit', formType, fields });
    },
    drift(actual, wanted) {
      const present = new Map(
        actual === undefined ? [] : [...written(actual)].map(({ name, values }) => [name, values]),
      );
      return [...written(wanted)].flatMap(({ key, name, values }) => {
        const was = present.get(name)?.join('\n');
        const want = values.join('\n');
        return was === want ? [] : [{ field: key, was, wanted: want }];
      });
    },
  };
}

export const text: FieldCodec<string> = {
  parse: (values) => values[0],
  format: (value) => [value],
};

export const texts: FieldCodec<readonly string[]> = {
  parse: (values) => values,
  format: (values) => values,
};

export const flag: FieldCodec<boolean> = {
  parse([value]) {
    if (value === '1' || value === 'true') return true;
    return value === '0' || value === 'false' ? false : undefined;
  },
  format: (value) => [value ? '1' : '0'],
};

export const count: FieldCodec<number> = {
  parse: ([value]) => (value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined),
  format(value) {
    if (!Number.isSafeInteger(value) || value < 0 || value > 999_999_999_999_999) {
      throw new XmppError('invalid-option', `${value} is no count: give a whole number from 0`);
    }
    return [String(value)];
  },
};

export const dateTime: FieldCodec<Date> = {
  parse: ([value]) => (value === undefined ? undefined : toDate(value)),
  format: (value) => [value.toISOString()],
};

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): FieldCodec<W> {
  return {
    parse: ([value]) => words.find((word) => word === value),
    format(value) {
      if (!words.includes(value)) {
        throw new XmppError('invalid-option', `'${value}' is none of ${words.join(', ')}`);
      }
      return [value];
    },
  };
}

/** What the first codec knows, or else the second. `isFirst` tells values apart. */
export function either<A, B>(
  first: FieldCodec<A>,
  second: FieldCodec<B>,
  isFirst: (value: A | B) => value is A,
): FieldCodec<A | B> {
  return {
    parse: (values) => first.parse(values) ?? second.parse(values),
    format: (value) => (isFirst(value) ? first.format(value) : second.format(value)),
  };
}
