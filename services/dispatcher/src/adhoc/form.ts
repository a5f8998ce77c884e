import { encodeForm, type HandlerSpec, type JsonObject, readable } from '@heavylift/jobs';
import { isTraceparent } from '@heavylift/service';
import { type DataForm, readForm } from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import type { Answer } from '../chat/answer.js';
import { checkArguments } from '../chat/arguments.js';
import { type Clauses, readClause } from '../chat/clauses.js';
import { echo } from '../chat/texts.js';
import { stanzaError } from './errors.js';

/** FORM_TYPE of what is filled in, and of what comes back. */
export const SUBMIT_FORM = 'urn:heavylift:submit:1';
export const RESULT_FORM = 'urn:heavylift:command-result:1';
const NS_DATA = 'jabber:x:data';

/** A handler's own fields bear no `#` in their names. */
const extra = {
  submission: 'heavylift#submission',
  traceparent: 'heavylift#traceparent',
  when: 'heavylift#when',
  on: 'heavylift#on',
  within: 'heavylift#within',
  priority: 'heavylift#priority',
} as const;

/** The form of a command; of a handler's also with when, where and how urgently. */
export function commandForm(
  spec: HandlerSpec,
  submission: string | undefined,
  filledIn: ReadonlyMap<string, string> = new Map(),
): Element {
  const form = encodeForm(spec, SUBMIT_FORM);
  if (submission !== undefined) {
    form.append(xml('field', { var: extra.submission, type: 'hidden' }, value(submission)));
    form.append(text(extra.when, 'When', 'in 10m, at 18:00, every 0 6 * * *; now if left empty'));
    form.append(text(extra.on, 'Where', 'the name of a lifter, or all; anywhere if left empty'));
    form.append(text(extra.within, 'Within', '1h, 2d: too late after that; never if left empty'));
    form.append(text(extra.priority, 'How urgently', 'from -100 to 100; 0 if left empty'));
  }
  for (const field of form.getChildren('field')) {
    const given = filledIn.get(String(field.attrs['var']));
    if (given === undefined || field.attrs['type'] === 'hidden') continue;
    for (const old of field.getChildren('value')) field.remove(old);
    field.append(value(given));
  }
  return form;
}

export interface Filled {
  /** By the field's name; those left empty are not there. */
  readonly values: ReadonlyMap<string, string>;
  readonly submission?: string;
  /** W3C Trace Context, from a program that traces; left out if it can't be read, as that standard has it. */
  readonly traceparent?: string;
}

/** What was filled in. @throws XmppError `malformed-answer` */
export function readFilled(x: Element): Filled {
  const form: DataForm = readForm(x);
  const names = form.fields.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    throw stanzaError('modify', 'bad-request', `the field ${echo(twice)} is there twice`);
  return filledWith(form.fields.map(({ name, values }) => [name, values.join('\n')]));
}

/** @param given by the field's name */
export function filledWith(given: readonly (readonly [string, string])[]): Filled {
  const values = new Map(given.filter(([, text]) => text !== ''));
  const submission = values.get(extra.submission);
  const traceparent = values.get(extra.traceparent)?.trim();
  for (const name of [extra.submission, extra.traceparent]) values.delete(name);
  return {
    values,
    ...(submission !== undefined && { submission }),
    ...(traceparent !== undefined && isTraceparent(traceparent) && { traceparent }),
  };
}

export interface Wish {
  readonly args: JsonObject;
  readonly clauses: Clauses;
}

/** What is wanted of a handler, from what was filled in. */
export function wishIn(
  spec: HandlerSpec,
  values: ReadonlyMap<string, string>,
): Wish | { readonly problem: string } {
  const stray = unknownField(spec, values);
  if (stray !== undefined) return { problem: `there is no field ${stray}` };
  const read = checkArguments(spec, values);
  if ('problem' in read) return read;
  const split = clausesOf(values);
  return 'problem' in split ? split : { ...read, ...split };
}

type ClausesOrProblem = { readonly clauses: Clauses } | { readonly problem: string };

/** The clauses among what was filled in. */
function clausesOf(values: ReadonlyMap<string, string>): ClausesOrProblem {
  let clauses: Clauses = {};
  const when = values.get(extra.when);
  const [, keyword = '', time = ''] = /^(in|at|every)\s+(\S.*)$/is.exec(when?.trim() ?? '') ?? [];
  if (when !== undefined && keyword === '')
    return { problem: `"${when}": expected in 10m, at 18:00 or every 0 6 * * *` };
  const given: readonly [string, string | undefined][] = [
    [keyword, when === undefined ? undefined : time.replace(/^"(.*)"$/, '$1')],
    ['on', values.get(extra.on)?.trim()],
    ['within', values.get(extra.within)?.trim()],
    ['priority', values.get(extra.priority)?.trim()],
  ];
  for (const [word, said] of given) {
    if (said === undefined || said === '') continue;
    const read = readClause(word, said);
    if ('problem' in read) return read;
    clauses = { ...clauses, ...read };
  }
  return { clauses };
}

const known = new Set<string>(Object.values(extra));

/** The first field that no command asked for. */
export function unknownField(spec: HandlerSpec, values: ReadonlyMap<string, string>) {
  const own = new Set(spec.fields.map(({ name }) => name));
  return [...values.keys()].find((name) => !own.has(name) && !known.has(name));
}

/** The same as the answer's text, for programs; nothing if there is nothing. */
export function resultForm({ fields, table }: Answer): Element | undefined {
  if (fields === undefined && table === undefined) return undefined;
  const form = xml(
    'x',
    { xmlns: NS_DATA, type: 'result' },
    xml('field', { var: 'FORM_TYPE', type: 'hidden' }, value(RESULT_FORM)),
  );
  for (const [name, given] of Object.entries(fields ?? {}))
    if (given !== undefined) form.append(xml('field', { var: name }, value(String(given))));
  if (table === undefined) return form;
  const { columns, rows } = table;
  form.append(
    xml('reported', {}, ...columns.map((name) => xml('field', { var: name, label: name }))),
  );
  for (const row of rows) {
    const cells = columns.map((name, at) => xml('field', { var: name }, value(row[at] ?? '')));
    form.append(xml('item', {}, ...cells));
  }
  return form;
}

function value(text: string): Element {
  return xml('value', {}, readable(text));
}

function text(name: string, label: string, description: string): Element {
  return xml('field', { var: name, type: 'text-single', label }, xml('desc', {}, description));
}
