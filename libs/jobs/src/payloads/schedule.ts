import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { z } from 'zod';
import type { Schedule } from '../domain/schedule.js';
import { jsonElement, jsonText, shapedJson } from '../xml/json.js';
import {
  expectElement,
  handlerName,
  instant,
  integer,
  optionalInstant,
  optionalInteger,
  optionalText,
  optionalTimestamp,
  present,
  timestamp,
} from '../xml/read.js';
import {
  jsonObjectShape,
  requesterJson,
  requesterShape,
  targetJson,
  targetShape,
} from './shapes.js';
import { escapedBytes } from './size.js';

export const SCHEDULE_NAMESPACE = 'urn:heavylift:schedule:1';

const scheduleShape = z.object({
  cron: z.string().min(1),
  timeZone: z.string().min(1),
  args: jsonObjectShape,
  requester: requesterShape,
  target: targetShape,
});

type InJson = Pick<Schedule, 'cron' | 'timeZone' | 'args' | 'requester' | 'target'>;

function body({ cron, timeZone, args, requester, target }: InJson) {
  return {
    cron,
    timeZone,
    args,
    requester: requesterJson(requester),
    target: targetJson(target),
  };
}

/** Of the element and its attributes, beside texts of no fixed length. */
const FIXED_BYTES = 450;

/** Bytes that a schedule takes in its item, at most. */
export function scheduleBytesAtMost(schedule: Schedule | Omit<Schedule, 'number'>): number {
  const { kind, message = '' } = schedule;
  return FIXED_BYTES + escapedBytes(jsonText(body(schedule)) + kind + message);
}

/** An item of the `schedules` node: one schedule. Its id is the schedule's number. */
export const scheduleCodec: PayloadCodec<Schedule> = {
  encode: ({ number, kind, created, last, clockSet, priority, epoch, message, ...more }) => {
    const { withinMs, ...inJson } = more;
    return xml(
      'schedule',
      {
        xmlns: SCHEDULE_NAMESPACE,
        number,
        kind,
        created: timestamp(created),
        last: optionalTimestamp(last),
        'clock-set': optionalTimestamp(clockSet),
        priority,
        epoch,
        message,
        'within-ms': withinMs,
      },
      jsonElement(body(inJson)),
    );
  },

  decode(element) {
    expectElement(element, 'schedule', SCHEDULE_NAMESPACE);
    return {
      number: integer(element, 'number', 1),
      kind: handlerName(element, 'kind'),
      created: instant(element, 'created'),
      priority: integer(element, 'priority'),
      ...shapedJson(element, scheduleShape),
      ...present({
        last: optionalInstant(element, 'last'),
        clockSet: optionalInstant(element, 'clock-set'),
        epoch: optionalInteger(element, 'epoch', 1),
        message: optionalText(element, 'message'),
        withinMs: optionalInteger(element, 'within-ms', 1),
      }),
    };
  },
};
