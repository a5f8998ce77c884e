import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type ConfigProblem, messageOf } from '../errors.js';

/** What a place of configuration holds: text by name. */
export type Values = ReadonlyMap<string, string>;

export interface FileContent {
  readonly values: Values;
  readonly problems: readonly ConfigProblem[];
}

const mapping = z.record(z.string(), z.unknown());
const simpleValue = z.union([z.string(), z.number(), z.boolean()]);
const simpleValues = 'text, a number, true or false, or a list of these';

/** Reads a file of options: a YAML mapping (`.yaml`, `.yml`), a JSON object, or lines of `NAME=value`. */
export function readConfigFile(path: string): FileContent {
  let content: string;
  try {
    // Some editors put a byte order mark before everything.
    content = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return nothing(unreadable(path, `a file that can be read (${messageOf(error)})`));
  }
  if (/\.ya?ml$/i.test(path)) return readYaml(path, content);
  return content.trimStart().startsWith('{') ? readJson(path, content) : readLines(path, content);
}

function readYaml(path: string, content: string): FileContent {
  // This schema takes every scalar for the text that it is: no 0777 becomes 511, and no `off` false.
  const document = parseDocument(content, { schema: 'failsafe', prettyErrors: true });
  const [broken] = document.errors;
  // Its own words quote the file, and with it perhaps a secret.
  const line = broken?.linePos?.[0].line;
  const reason = line === undefined ? 'it is none' : `line ${line} is not understood`;
  const parsed = mapping.safeParse(document.toJS());
  if (broken === undefined && parsed.success) return readMapping(path, parsed.data);
  return nothing(unreadable(path, `a YAML mapping of names to values (${reason})`));
}

function readJson(path: string, content: string): FileContent {
  try {
    return readMapping(path, mapping.parse(JSON.parse(content)));
  } catch (error) {
    // The parser's own words quote the file, and with it perhaps a secret.
    const [, position] = /at position (\d+)/.exec(messageOf(error)) ?? [];
    const reason = position === undefined ? 'it is none' : `it breaks off at character ${position}`;
    return nothing(unreadable(path, `a JSON object (${reason})`));
  }
}

function readMapping(path: string, entries: Readonly<Record<string, unknown>>): FileContent {
  const values = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const [name, value] of Object.entries(entries)) {
    // A list is written with commas everywhere else.
    const simple = z.array(simpleValue).safeParse(Array.isArray(value) ? value : [value]);
    if (simple.success) values.set(name, simple.data.join(','));
    else problems.push({ kind: 'wrong', name, origin: path, expected: simpleValues });
  }
  return { values, problems };
}

/**
 * Nothing is expanded and nothing escaped: a value is what follows the first `=`, without blanks around it and without the pair of
 * quotes around that, if there is one.
 */
function readLines(path: string, content: string): FileContent {
  const values = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const [index, raw] of content.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      problems.push(unreadable(`${path}, line ${index + 1}`, 'NAME=value, or # and a comment'));
    } else if (values.has(name)) {
      problems.push({ kind: 'wrong', name, origin: path, expected: 'one line for each name' });
    } else {
      values.set(name, unquoted(value));
    }
  }
  return { values, problems };
}

function unquoted(value: string): string {
  const quote = value[0];
  const isPair = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return isPair ? value.slice(1, -1) : value;
}

function unreadable(name: string, expected: string): ConfigProblem {
  return { kind: 'unreadable', name, expected };
}

function nothing(problem: ConfigProblem): FileContent {
  return { values: new Map(), problems: [problem] };
}
