import type { Affiliation, Drift } from '@heavylift/xmpp-pubsub';

/** Something that provisioning put right. */
export type Change =
  | { readonly kind: 'account-made'; readonly jid: string }
  | { readonly kind: 'password-set'; readonly jid: string }
  | { readonly kind: 'node-made'; readonly node: string }
  | { readonly kind: 'node-configured'; readonly node: string; readonly drift: readonly Drift[] }
  | {
      readonly kind: 'affiliation-set';
      readonly node: string;
      readonly jid: string;
      readonly was: Affiliation;
      readonly now: Affiliation;
    }
  | { readonly kind: 'subscribed'; readonly node: string; readonly jid: string }
  | { readonly kind: 'unsubscribed'; readonly node: string; readonly jid: string };

/** The change as a line for people. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'account-made':
      return `made the account ${change.jid}`;
    case 'password-set':
      return `gave ${change.jid} a new password`;
    case 'node-made':
      return `made the node ${change.node}`;
    case 'node-configured':
      return `put the configuration of ${change.node} right: ${change.drift.map(describeDrift).join(', ')}`;
    case 'affiliation-set':
      return `made ${change.jid} ${change.now} of ${change.node} (was ${change.was})`;
    case 'subscribed':
      return `subscribed ${change.jid} to ${change.node}`;
    case 'unsubscribed':
      return `unsubscribed ${change.jid} from ${change.node}`;
  }
}

/** The change that is due, as a line for people who want to know what is not as it should be. */
export function describeLack(change: Change): string {
  switch (change.kind) {
    case 'account-made':
      return `no password is known for ${change.jid}`;
    case 'password-set':
      return `${change.jid} cannot log in with its password: the account is missing, or has another`;
    case 'node-made':
      return `there is no node ${change.node}`;
    case 'node-configured':
      return `the node ${change.node} is not configured as wanted: ${change.drift.map(describeDrift).join(', ')}`;
    case 'affiliation-set':
      return `${change.jid} is ${change.was} of ${change.node}, not ${change.now}`;
    case 'subscribed':
      return `${change.jid} is not subscribed to ${change.node}`;
    case 'unsubscribed':
      return `${change.jid} is subscribed to ${change.node}, and may not read it`;
  }
}

/** In what a node's configuration is not as wanted, for people. */
export const describeDrift = ({ field, was, wanted }: Drift): string =>
  `${field} is ${was ?? 'not set'}, not ${wanted}`;
