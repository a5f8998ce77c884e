import { z } from 'zod';
import type { Failure, JobError, Requester, Target } from '../domain/job.js';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.js';
import { timestamp } from '../xml/read.js';

// What stands in JSON containers. Unknown properties are ignored, so that later versions may add some.

const instantShape = z.iso.datetime({ precision: 3 }).transform((text) => Date.parse(text));
const countShape = z.int().min(0);

// Passed on as it is: JSON.parse made it, and a copy by zod would lose keys such as `__proto__`.
export const jsonObjectShape = z.custom<JsonObject>(isJsonObject, 'expected an object');

const causeShape = z.object({
  class: z.string(),
  message: z.string(),
  code: z.string().exactOptional(),
});

export const jobErrorShape = z.object({
  class: z.string(),
  message: z.string(),
  final: z.boolean().exactOptional(),
  code: z.string().exactOptional(),
  causes: z.array(causeShape).exactOptional(),
  stack: z.string().exactOptional(),
});

const failureShape = z.object({
  attempt: countShape,
  reason: z.enum(['failed', 'timeout', 'stalled']),
  lifter: z.string(),
  at: instantShape,
  error: jobErrorShape,
});

export const failuresShape = z.array(failureShape);

export const requesterShape = z.object({
  jid: z.string().min(1),
  messageType: z.enum(['chat', 'groupchat', 'normal', 'command']),
  messageId: z.string().exactOptional(),
  originId: z.string().exactOptional(),
  thread: z.string().exactOptional(),
  lang: z.string().exactOptional(),
  gathers: z.boolean().exactOptional(),
});

export const targetShape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('any') }),
  z.object({ type: z.literal('lifter'), name: z.string().min(1) }),
  z.object({ type: z.literal('all') }),
  z.object({ type: z.literal('child'), parent: z.string().min(1), name: z.string().min(1) }),
]);

export function jobErrorJson(error: JobError): Json {
  return { ...error };
}

export function failuresJson(failures: readonly Failure[]): Json {
  return failures.map((failure) => ({
    ...failure,
    at: timestamp(failure.at),
    error: { ...failure.error },
  }));
}

export function requesterJson(requester: Requester): Json {
  return { ...requester };
}

export function targetJson(target: Target): Json {
  return { ...target };
}
