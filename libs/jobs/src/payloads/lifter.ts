import type { PayloadCodec } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import type { LifterAnnouncement, RunningQuery } from '../domain/lifter.js';
import {
  children,
  expectElement,
  flag,
  handlerName,
  integer,
  jobId,
  optionalInteger,
  text,
} from '../xml/read.js';

export const LIFTER_NAMESPACE = 'urn:heavylift:lifter:1';

/** What a lifter's directed presence carries, and its answer to {@link runningQueryCodec}. */
export const lifterCodec: PayloadCodec<LifterAnnouncement> = {
  encode: ({ version, slots, busy, draining, handlers, running }) =>
    xml(
      'lifter',
      { xmlns: LIFTER_NAMESPACE, version, slots, busy, draining },
      ...handlers.map((name) => xml('handler', { name })),
      ...running.map(({ id, attempt }) => xml('running', { id, attempt })),
    ),

  decode(element) {
    expectElement(element, 'lifter', LIFTER_NAMESPACE);
    return {
      version: text(element, 'version'),
      slots: integer(element, 'slots', 0),
      busy: integer(element, 'busy', 0),
      draining: flag(element, 'draining'),
      handlers: children(element, 'handler', LIFTER_NAMESPACE).map((handler) =>
        handlerName(handler, 'name'),
      ),
      running: children(element, 'running', LIFTER_NAMESPACE).map((running) => ({
        id: jobId(running, 'id'),
        attempt: integer(running, 'attempt', 1),
      })),
    };
  },
};

/** The IQ `get` "what are you running?"; the answer is a {@link lifterCodec} payload. */
export const runningQueryCodec: PayloadCodec<RunningQuery> = {
  encode: ({ newest }) => xml('query', { xmlns: LIFTER_NAMESPACE, ...newest }),
  decode(element) {
    expectElement(element, 'query', LIFTER_NAMESPACE);
    const epoch = optionalInteger(element, 'epoch', 1);
    const sequence = optionalInteger(element, 'sequence', 1);
    return epoch === undefined || sequence === undefined ? {} : { newest: { epoch, sequence } };
  },
};
