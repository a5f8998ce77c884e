import xml, { type Element } from '@xmpp/xml';
import type { Office } from './types.js';

export const LEADER_NAMESPACE = 'urn:heavylift:leader:1';

/** Who can lead: one of each at a time. */
export type LeaderRole = 'dispatcher' | 'notifier';

/** What a leader says of itself in its presence, and what a standby asks about. */
export interface LeaderMark {
  readonly role: string;
  readonly epoch: number;
}

/**
 * What belongs into a leader's presence, for the other sessions of its account: nothing while there is no office.
 * @example availability(candidacy.office === undefined ? -1 : 1, status, ...leaderMark('dispatcher', candidacy.office))
 */
export function leaderMark(role: LeaderRole, office: Pick<Office, 'epoch'> | undefined): Element[] {
  if (office === undefined) return [];
  return [xml('leader', { xmlns: LEADER_NAMESPACE, role, epoch: String(office.epoch) })];
}

/** Undefined if the element is no mark. */
export function readLeaderMark(element: Element | undefined): LeaderMark | undefined {
  if (element?.is('leader', LEADER_NAMESPACE) !== true) return undefined;
  const { role, epoch }: Record<string, unknown> = element.attrs;
  const number = readEpoch(epoch);
  if (typeof role !== 'string' || number === undefined) return undefined;
  return { role, epoch: number };
}

/**
 * An epoch as leaders write it. Undefined for what none of them would write: leading zeros, or a number that could not be counted on
 * from; so no name of a lock is ever taken for the number of another.
 */
export function readEpoch(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const epoch = Number(text);
  return epoch < Number.MAX_SAFE_INTEGER ? epoch : undefined;
}
