import xml, { type Element } from '@xmpp/xml';
import { readJid } from '../jid.js';
import type { Unlisten } from '../session/types.js';
import { childForm, writeForm } from './form.js';
import { COMMAND_GET_PENDING, FORM_SUBSCRIBE_AUTHORIZATION, NS_COMMANDS } from './namespaces.js';
import { attribute, compact, malformed } from './read-xml.js';
import type { DataForm } from './types/form.js';
import type { RequestOptions } from './types/request.js';
import type { PubSubService, SubscriptionRequest } from './types/service.js';
import type { Wire } from './wire.js';

/** Approving subscriptions (XEP-0060 sections 8.6 and 8.7). */
export function approving(
  wire: Wire,
): Pick<PubSubService, 'onSubscriptionRequest' | 'pendingNodes' | 'resendPending'> {
  return {
    onSubscriptionRequest: (listener) => listenForRequests(wire, listener),

    async pendingNodes(options) {
      const { session, form } = await command(wire, { action: 'execute' }, undefined, options);
      const field = form?.fields.find(({ name }) => name === 'pubsub#node');
      // Left open, it would stay with the service.
      if (session !== undefined) {
        await command(wire, { action: 'cancel', sessionid: session }, undefined, options);
      }
      return (field?.options ?? []).map(({ value }) => value);
    },

    async resendPending(node, options) {
      const { session } = await command(wire, { action: 'execute' }, undefined, options);
      const submission: DataForm = {
        type: 'submit',
        formType: FORM_SUBSCRIBE_AUTHORIZATION,
        fields: [{ name: 'pubsub#node', values: [node] }],
      };
      const attributes = compact({ action: 'execute', sessionid: session });
      await command(wire, attributes, submission, options);
    },
  };
}

/** One step of an ad-hoc command (XEP-0050). */
async function command(
  wire: Wire,
  attributes: { readonly action: string; readonly sessionid?: string },
  submission: DataForm | undefined,
  options: RequestOptions | undefined,
): Promise<{ session: string | undefined; form: DataForm | undefined }> {
  const payload = xml(
    'command',
    { xmlns: NS_COMMANDS, node: COMMAND_GET_PENDING, ...attributes },
    ...(submission === undefined ? [] : [writeForm(submission)]),
  );
  const answer = await wire.set(payload, options);
  if (answer?.is('command', NS_COMMANDS) !== true) throw malformed('this is no command', answer);
  const isOpen = attribute(answer, 'status') === 'executing';
  return {
    session: isOpen ? attribute(answer, 'sessionid') : undefined,
    form: childForm(answer),
  };
}

function listenForRequests(wire: Wire, listener: (request: SubscriptionRequest) => void): Unlisten {
  return wire.session.on('stanza', (message) => {
    if (message.name !== 'message' || attribute(message, 'type') === 'error') return;
    if (readJid(attribute(message, 'from') ?? '')?.equals(wire.jid) !== true) return;
    try {
      const form = childForm(message);
      if (form?.formType !== FORM_SUBSCRIBE_AUTHORIZATION || form.type !== 'form') return;
      const request = readRequest(wire, form, attribute(message, 'id'));
      if (request !== undefined) listener(request);
      else
        wire.log?.warn({ from: wire.jid.toString() }, 'a subscription request was not understood');
    } catch (error) {
      wire.log?.warn(
        { err: error },
        'a subscription request was not understood or its listener failed',
      );
    }
  });
}

function readRequest(
  wire: Wire,
  form: DataForm,
  id: string | undefined,
): SubscriptionRequest | undefined {
  const value = (name: string) => form.fields.find((field) => field.name === name)?.values[0];
  const node = value('pubsub#node');
  const address = value('pubsub#subscriber_jid');
  const subscriber = address === undefined ? undefined : readJid(address);
  const subscriptionId = value('pubsub#subid');
  if (node === undefined || address === undefined || subscriber === undefined) return undefined;

  const answer = (allow: boolean) =>
    wire.session.sendConfirmed(
      xml(
        'message',
        compact({ to: wire.jid.toString(), id }),
        submission({
          'pubsub#subid': subscriptionId,
          'pubsub#node': node,
          'pubsub#subscriber_jid': address,
          'pubsub#allow': String(allow),
        }),
      ),
    );
  return {
    node,
    subscriber,
    ...compact({ subscriptionId }),
    approve: () => answer(true),
    deny: () => answer(false),
  };
}

function submission(values: Readonly<Record<string, string | undefined>>): Element {
  const fields = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, values: [value] }],
  );
  return writeForm({ type: 'submit', formType: FORM_SUBSCRIBE_AUTHORIZATION, fields });
}
