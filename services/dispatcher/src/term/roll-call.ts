import {
  type LifterAnnouncement,
  lifterCodec,
  type RunningQuery,
  runningQueryCodec,
} from '@heavylift/jobs';
import { hasCondition, type Session } from '@heavylift/xmpp-pubsub';

export interface RollCallPorts {
  readonly session: Pick<Session, 'request'>;
  /** Full JIDs of those that are to be asked. */
  readonly lifters: readonly string[];
  readonly query: () => RunningQuery;
  readonly onAnswer: (lifter: string, announcement: LifterAnnouncement) => void;
  readonly onAbsent: (lifter: string) => void;
  readonly onFailure: (error: unknown, lifter: string) => void;
}

/** Asks every lifter what it runs, and tells it of the newest sheet: announcements and events can be lost. To be called now and then. */
export async function callRoll(ports: RollCallPorts): Promise<void> {
  const { session, lifters, query, onAnswer, onAbsent, onFailure } = ports;
  await Promise.all(
    lifters.map(async (to) => {
      try {
        const payload = runningQueryCodec.encode(query());
        const announcement = await session.request({ type: 'get', to, payload });
        if (announcement !== undefined) onAnswer(to, lifterCodec.decode(announcement));
      } catch (error) {
        // The server says it of a full JID that is gone.
        if (hasCondition(error, 'service-unavailable')) onAbsent(to);
        else onFailure(error, to);
      }
    }),
  );
}
