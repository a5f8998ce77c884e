import { answersCodec, type Order, type OrderAnswer, ordersCodec } from '@heavylift/jobs';
import { messageOf } from '@heavylift/service';
import type { IncomingIq } from '@heavylift/xmpp-pubsub';
import type { Element } from '@xmpp/xml';
import { type Answer, missingAnswer, no, refusalOf } from '../chat/answer.js';
import type { Limiter } from '../chat/limiter.js';
import { type SubmitPorts, submit } from '../chat/submit.js';
import { texts } from '../chat/texts.js';
import type { Desk } from '../desk.js';
import { decide } from '../policy/policy.js';
import { isUnsure } from '../unsure.js';
import { errorOf, errorTypes, stanzaError } from './errors.js';
import { filledWith, wishIn } from './form.js';

export interface OrderPorts extends SubmitPorts {
  readonly desk: () => Desk | undefined;
  readonly limiter: Limiter;
  readonly onFailure: (error: unknown, from: string) => void;
}

interface Customer {
  /** Full JID. */
  readonly jid: string;
  /** Bare JID. */
  readonly who: string;
}

/** Many jobs asked for in one request, by a program. Each order is answered by itself. */
export function createOrders(ports: OrderPorts) {
  const { policy, limiter, onFailure } = ports;

  async function carryOut(desk: Desk, order: Order, { jid, who }: Customer): Promise<Answer> {
    const { command, submission, fields } = order;
    const spec = desk.specs.get(command);
    const refusal = refusalOf(decide(policy(), who, { command }), command);
    if (refusal !== undefined) {
      if (spec !== undefined) ports.onForbidden?.();
      return refusal;
    }
    if (spec === undefined)
      return (
        missingAnswer(desk, command, ports.now()) ?? no('item-not-found', texts.unknown(command))
      );
    const { values, traceparent } = filledWith(Object.entries(fields));
    const wish = wishIn(spec, values);
    if ('problem' in wish) return no('bad-request', wish.problem);
    if (wish.clauses.when?.kind === 'every')
      return no('bad-request', 'a schedule cannot be ordered: make it by the command itself');
    return submit(desk, ports, {
      who,
      spec,
      ...wish,
      requester: { jid, messageType: 'command', messageId: submission, gathers: true },
      ...(traceparent !== undefined && { traceparent }),
    });
  }

  async function answer(desk: Desk, order: Order, customer: Customer): Promise<OrderAnswer> {
    const { submission } = order;
    try {
      const { body: text, job, condition } = await carryOut(desk, order, customer);
      if (job !== undefined) return { submission, text, job };
      if (condition === undefined) throw new Error(`neither a job nor a refusal: ${text}`);
      return { submission, text, refusal: { type: errorTypes[condition], condition } };
    } catch (error) {
      // Whether it was accepted is not known: ordered once more, under the same name, it will be.
      onFailure(error, customer.jid);
      const refusal = { type: 'wait', condition: 'internal-server-error' };
      return { submission, text: isUnsure(error) ? texts.unsure : texts.broken, refusal };
    }
  }

  async function execute({ from, payload }: IncomingIq): Promise<Element> {
    const orders = read(payload);
    const customer = { jid: from.toString(), who: from.bare };
    if (limiter.take(customer.who, orders.length) !== 'served')
      throw stanzaError('wait', 'policy-violation', texts.slowDown);
    const desk = ports.desk();
    if (desk === undefined) throw errorOf('resource-constraint', texts.starting);
    return answersCodec.encode(
      await Promise.all(orders.map((order) => answer(desk, order, customer))),
    );
  }

  return { execute };
}

function read(payload: Element): readonly Order[] {
  try {
    return ordersCodec.decode(payload);
  } catch (error) {
    throw stanzaError('modify', 'bad-request', messageOf(error));
  }
}
