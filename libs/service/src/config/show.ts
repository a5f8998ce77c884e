/** Configuration as a command line shows it. */
import type { EffectiveValue } from './load.js';
import { describeOptions, type Schema } from './option.js';

/** What `--help` prints. */
export function helpText(name: string, schema: Schema): string {
  const options = describeOptions(schema).map(
    ({ name: option, description, expected, ifNotGiven, secret }) =>
      `  ${option}${secret ? ` (or ${option}_FILE)` : ''}\n` +
      `      ${description}\n` +
      `      ${expected}; ${ifNotGiven === 'required' ? 'required' : `if not given: ${ifNotGiven}`}\n`,
  );
  return [
    `Usage: ${name} [--config FILE] [--check-config] [--help]\n\n`,
    'Options, from the environment or the file (lines NAME=value, YAML if it ends in .yaml, or JSON):\n\n',
    ...options,
  ].join('');
}

/** What `--check-config` prints of a configuration that is right: each value and its origin, secrets masked. */
export function effectiveText(
  name: string,
  schema: Schema,
  effective: readonly EffectiveValue[],
): string {
  const shown = effective.map((entry) => ({ ...entry, text: shownValue(schema, entry) }));
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const nameWidth = width(shown.map((entry) => entry.name));
  const textWidth = Math.min(60, width(shown.map(({ text }) => text)));
  const lines = shown.map((entry) => {
    const columns = `  ${entry.name.padEnd(nameWidth)}  ${entry.text.padEnd(textWidth)}`;
    return `${columns}  ${entry.origin ?? 'not given'}`;
  });
  return `${name}: the configuration is right.\n\n${lines.join('\n')}\n`;
}

function shownValue(schema: Schema, { name, value, secret, origin }: EffectiveValue): string {
  // Always as long: not even the length of a secret is anybody's business.
  if (secret && origin !== undefined) return '********';
  return value ?? `(${schema[name]?.otherwise ?? ''})`;
}
