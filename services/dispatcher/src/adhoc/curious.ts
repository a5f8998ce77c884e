import type { IncomingIq } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { createLimiter } from '../chat/limiter.js';
import { texts } from '../chat/texts.js';
import { stanzaError } from './errors.js';

type Handler = (iq: IncomingIq) => Promise<Element | undefined>;

/** Accounts that are remembered, at most. */
const senders = 10_000;

/** Bounds what may be asked by anybody: by each account, and by all together. */
export function createCurious(now: () => number) {
  const each = createLimiter({ burst: 60, perSecond: 2, senders, now });
  const all = createLimiter({ burst: 2_000, perSecond: 200, senders: 1, now });

  /** @param who bare JID */
  const mayAsk = (who: string): boolean => each.take(who) === 'served' && all.take('') === 'served';

  const limited =
    (answer: Handler): Handler =>
    async (iq) => {
      if (!mayAsk(iq.from.bare)) throw stanzaError('wait', 'policy-violation', texts.slowDown);
      return answer(iq);
    };

  return { mayAsk, limited };
}
