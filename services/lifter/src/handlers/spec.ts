import type { HandlerField, HandlerSpec } from '@heavylift/jobs';
import type { HandlerTraits } from './define.js';
import type { Field } from './fields.js';

/** A handler as the `handlers` node tells of it. */
export function handlerSpec(handler: HandlerTraits): HandlerSpec {
  const { name, title, summary, done, fields, timeout, maxAttempts } = handler;
  const { concurrency, uniqueKey } = handler;
  return {
    name,
    title,
    summary,
    fields: Object.entries(fields).map(([fieldName, field]) => handlerField(fieldName, field)),
    timeoutMs: timeout,
    maxAttempts,
    ...(concurrency !== undefined && { concurrency }),
    ...(uniqueKey !== undefined && { uniqueBy: uniqueKey }),
    texts: { ...(done !== undefined && { done }) },
  };
}

function handlerField(name: string, field: Field): HandlerField {
  const { label, description, required = field.default === undefined } = field;
  const base = {
    name,
    ...(label !== undefined && { label }),
    ...(description !== undefined && { description }),
    required,
  };
  switch (field.type) {
    case 'integer':
    case 'number': {
      const { type, min, max } = field;
      const range = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
      return { ...base, type, range, ...defaultOf(field) };
    }
    case 'choice': {
      const options = field.options.map((value) => ({ value }));
      return { ...base, type: 'choice', options, ...defaultOf(field) };
    }
    case 'text':
      return { ...base, type: 'text', ...defaultOf(field) };
    case 'boolean':
      return { ...base, type: 'boolean', ...defaultOf(field) };
  }
}

function defaultOf<T>(field: { readonly default?: T }): { readonly default?: T } {
  return field.default === undefined ? {} : { default: field.default };
}
