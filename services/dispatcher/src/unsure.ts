import { isServiceError, ServiceError } from '@heavylift/service';
import { isXmppError } from '@heavylift/xmpp-pubsub';

/** Whether something was taken in can't be known: another leader may have read the nodes before it arrived. */
export function unsure(why: string): Error {
  return new ServiceError('office-lost', why);
}

/** Whether it failed because this dispatcher leads no more, or its connection broke: whoever leads next knows, if asked for the same. */
export function isUnsure(error: unknown): boolean {
  return (
    isServiceError(error, 'office-lost') ||
    isXmppError(error, 'disconnected', 'not-online', 'stopped')
  );
}
