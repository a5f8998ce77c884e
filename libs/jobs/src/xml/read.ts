import type { Element } from '@xmpp/xml';
import type { Instant, JobId } from '../domain/job.js';
import { JobsError } from '../errors.js';

/** Describes an element in a message: its name, and its id if it has one. */
function label(element: Element): string {
  const id: unknown = element.attrs['id'] ?? element.attrs['job'];
  return typeof id === 'string' ? `<${element.name}> of ${id.slice(0, 60)}` : `<${element.name}>`;
}

export function malformed(element: Element, what: string, cause?: unknown): JobsError {
  return new JobsError('malformed-payload', `malformed ${label(element)}: ${what}`, { cause });
}

function wrong(element: Element, name: string, given: string, expected: string): JobsError {
  return malformed(
    element,
    `attribute '${name}' is '${given.slice(0, 100)}', expected ${expected}`,
  );
}

/** Refuses anything but the named element. */
export function expectElement(element: Element, name: string, namespace: string): void {
  if (element.is(name, namespace)) return;
  throw malformed(
    element,
    `namespace is '${element.getNS() ?? ''}', expected <${name} xmlns='${namespace}'>`,
  );
}

/**
 * Records in one payload, at most. One that goes beyond would keep its readers busy. Writers stay below it by their bounds in bytes: a full sheet has 1,024 records of jobs
 * let go, and 128 of open ones; a lifter has as many slots at most.
 */
const mostChildren = 4_096;

/** Child elements of that name and namespace, in order. */
export function children(element: Element, name: string, namespace: string): Element[] {
  return notTooMany(element, element.getChildren(name, namespace));
}

export function childElements(element: Element, namespace: string): Element[] {
  return notTooMany(
    element,
    element.getChildElements().filter((child) => child.getNS() === namespace),
  );
}

function notTooMany(element: Element, found: Element[]): Element[] {
  if (found.length > mostChildren)
    throw malformed(element, `it has ${found.length} records, ${mostChildren} are allowed`);
  return found;
}

export function optionalText(element: Element, name: string): string | undefined {
  const value: unknown = element.attrs[name];
  return typeof value === 'string' ? value : undefined;
}

export function text(element: Element, name: string): string {
  const value = optionalText(element, name);
  if (value === undefined || value === '') {
    throw malformed(element, `attribute '${name}' is missing or empty`);
  }
  return value;
}

const INTEGER = /^-?\d{1,16}$/;

export function optionalInteger(
  element: Element,
  name: string,
  min = Number.MIN_SAFE_INTEGER,
): number | undefined {
  const given = optionalText(element, name);
  if (given === undefined) return undefined;
  const value = INTEGER.test(given) ? Number(given) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < min) {
    const from = min === Number.MIN_SAFE_INTEGER ? '' : ` of at least ${min}`;
    throw wrong(element, name, given, `an integer${from}`);
  }
  return value;
}

export function integer(element: Element, name: string, min?: number): number {
  const value = optionalInteger(element, name, min);
  if (value === undefined) throw malformed(element, `attribute '${name}' is missing`);
  return value;
}

export function optionalNumber(element: Element, name: string): number | undefined {
  const given = optionalText(element, name);
  if (given === undefined) return undefined;
  const value = given.trim() === '' ? Number.NaN : Number(given);
  if (!Number.isFinite(value)) throw wrong(element, name, given, 'a number');
  return value;
}

/** XML Schema's boolean; `false` if the attribute is not there. */
export function flag(element: Element, name: string): boolean {
  const given = optionalText(element, name);
  if (given === undefined || given === 'false' || given === '0') return false;
  if (given === 'true' || given === '1') return true;
  throw wrong(element, name, given, "'true' or 'false'");
}

export function oneOf<T extends string>(element: Element, name: string, allowed: readonly T[]): T {
  const given = text(element, name);
  const found = allowed.find((value) => value === given);
  if (found === undefined) throw wrong(element, name, given, `one of ${allowed.join(', ')}`);
  return found;
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function optionalInstant(element: Element, name: string): Instant | undefined {
  const given = optionalText(element, name);
  if (given === undefined) return undefined;
  const value = TIMESTAMP.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(value)) {
    throw wrong(element, name, given, 'a UTC time like 2026-01-31T12:00:00.000Z (XEP-0082)');
  }
  return value;
}

export function instant(element: Element, name: string): Instant {
  const value = optionalInstant(element, name);
  if (value === undefined) throw malformed(element, `attribute '${name}' is missing`);
  return value;
}

/** XEP-0082, UTC, with milliseconds. */
export function timestamp(value: Instant): string {
  return new Date(value).toISOString();
}

/** As {@link timestamp}; nothing for nothing, which `xml()` leaves out. */
export function optionalTimestamp(value: Instant | undefined): string | undefined {
  return value === undefined ? undefined : timestamp(value);
}

/** The properties that have a value: an optional property that is not there is left out, not `undefined`. */
export function present<T extends object>(
  properties: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const result: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in properties) {
    const value = properties[key];
    if (hasValue(value)) result[key] = value;
  }
  return result;
}

function hasValue<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}

const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function jobId(element: Element, name: string): JobId {
  const given = text(element, name);
  if (!JOB_ID.test(given)) throw wrong(element, name, given, 'a UUIDv7 in lower case');
  return given;
}

const HANDLER_NAME = /^[a-z][a-z0-9._-]{0,63}$/;

export function handlerName(element: Element, name: string): string {
  const given = text(element, name);
  if (HANDLER_NAME.test(given)) return given;
  throw wrong(element, name, given, 'a handler name: a-z, 0-9, ".", "_", "-", from a letter on');
}
