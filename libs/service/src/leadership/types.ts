import type { PubSubService, Session } from '@heavylift/xmpp-pubsub';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics/port.js';
import type { LeaderRole } from './mark.js';

/** A term of office: from the election until it is lost or given up, or the connection breaks. */
export interface Office {
  readonly epoch: number;
  /** Aborted when the office is over. Its reason is the {@link ServiceError} `office-lost`. */
  readonly signal: AbortSignal;
  /**
   * To be awaited before every write. Resolves when the office is surely still ours: at once if that was certain within the last
   * `certaintyMs`, else when the service has said so. While the service does not answer, it waits.
   * @throws ServiceError `office-lost` when the office is over
   */
  certify(): Promise<void>;
  /**
   * To be awaited after a write has been confirmed, before anybody is told of it. Resolves when the service, asked after this call, has
   * said that the office is still ours: whoever takes over later finds the write. One question serves all who call while another is out.
   * @throws ServiceError `office-lost` when the office is over
   */
  confirm(): Promise<void>;
  /** Gives the office up, and stands again after a pause. Whatever is done in it has to have ended. */
  resign(reason: string): void;
}

export interface CandidacyOptions {
  /** Online or not; to be available (presence) when it is, or deaths are found by asking only. */
  readonly session: Session;
  readonly pubsub: PubSubService;
  readonly nodePrefix: string;
  readonly role: LeaderRole;
  /** The highest epoch that has left traces elsewhere, in the ledger for example; a new one will be above it. Asked before each attempt. */
  readonly epochAbove?: () => number | Promise<number>;
  readonly onElected: (office: Office) => void;
  /** Once for each office, when its signal has been aborted. */
  readonly onOver: (office: Office, reason: Error) => void;
  /** Somebody else leads. Told again whenever it is somebody else. */
  readonly onStandby?: (leader: Leader) => void;
  readonly log: Logger;
  /** Told whether this process leads. @default nobody is told */
  readonly metrics?: Metrics;
  readonly timings?: Partial<LeadershipTimings>;
}

export interface Leader {
  /** Full JID. */
  readonly jid: string;
  readonly epoch: number;
}

/** Stands for office until it is stopped: leads, or waits until nobody else does. */
export interface Candidacy {
  /** While in office. */
  readonly office: Office | undefined;
  /** Who leads, as far as known; ourselves while in office. */
  readonly leader: Leader | undefined;
  /**
   * Leaves office and stands no more. What is done in the office has to have ended: another takes over at once. Presence without the
   * mark, or `unavailable`, should follow, so that the others need not wait until they ask.
   */
  stop(): Promise<void>;
}

/** All in milliseconds. After a death that the server tells of, none of them counts; a frozen leader is replaced within their sum of the first four. */
export interface LeadershipTimings {
  /** How often a standby asks the leader whether it still leads. @default 1_000 */
  readonly checkEveryMs: number;
  /** A leader that gives no answer for so long is suspected of being frozen. @default 2_000 */
  readonly silentMs: number;
  /** It is asked once more, since it might have been the server that was silent. @default 1_000 */
  readonly lastAskMs: number;
  /** How long a leader relies on what it read in the lock. @default 1_000 */
  readonly certaintyMs: number;
  /**
   * After a break, who did not lead before it lets him who did go first for so long: a server that was killed may have forgotten what
   * it confirmed last, and only the former leader remembers that. Longer than services wait to connect again. @default 5_500
   */
  readonly yieldMs: number;
  /** How often a leader looks at the lock when it has no other reason to. @default 5_000 */
  readonly recheckMs: number;
  /** Bound of the waits after a failure, which double from 250. @default 5_000 */
  readonly longestRetryMs: number;
}
