import {
  FORM_META_DATA,
  FORM_NODE_CONFIG,
  FORM_PUBLISH_OPTIONS,
  FORM_SUBSCRIBE_OPTIONS,
} from './namespaces.js';
import {
  count,
  dateTime,
  either,
  fieldsOf,
  flag,
  formSchema,
  oneOf,
  text,
  texts,
} from './schema.js';
import type { NodeConfig, NodeMetadata, SubscriptionOptions } from './types/config.js';

const config = fieldsOf<NodeConfig>();

const configRules = [
  config('title', 'pubsub#title', text),
  config('description', 'pubsub#description', text),
  config(
    'accessModel',
    'pubsub#access_model',
    oneOf('open', 'presence', 'roster', 'authorize', 'whitelist'),
  ),
  config('publishModel', 'pubsub#publish_model', oneOf('publishers', 'subscribers', 'open')),
  config('persistItems', 'pubsub#persist_items', flag),
  config(
    'maxItems',
    'pubsub#max_items',
    either(count, oneOf('max'), (value) => typeof value === 'number'),
  ),
  config('deliverPayloads', 'pubsub#deliver_payloads', flag),
  config('deliverNotifications', 'pubsub#deliver_notifications', flag),
  config('notifyRetract', 'pubsub#notify_retract', flag),
  config('notifyDelete', 'pubsub#notify_delete', flag),
  config('notifyConfig', 'pubsub#notify_config', flag),
  config(
    'sendLastPublishedItem',
    'pubsub#send_last_published_item',
    oneOf('never', 'on_sub', 'on_sub_and_presence'),
  ),
  config('itemReply', 'pubsub#itemreply', oneOf('owner', 'publisher')),
  config('notificationType', 'pubsub#notification_type', oneOf('normal', 'headline')),
  config('maxPayloadSize', 'pubsub#max_payload_size', count),
  config('purgeOffline', 'pubsub#purge_offline', flag),
  config('presenceBasedDelivery', 'pubsub#presence_based_delivery', flag),
  config('payloadType', 'pubsub#type', text),
];

export const nodeConfig = formSchema<NodeConfig>(FORM_NODE_CONFIG, configRules, () => ({}));
export const publishOptions = formSchema<NodeConfig>(FORM_PUBLISH_OPTIONS, configRules, () => ({}));

const option = fieldsOf<SubscriptionOptions>();

export const subscribeOptions = formSchema<SubscriptionOptions>(
  FORM_SUBSCRIBE_OPTIONS,
  [
    option('deliver', 'pubsub#deliver', flag),
    option('digest', 'pubsub#digest', flag),
    option('digestFrequencyMs', 'pubsub#digest_frequency', count),
    option(
      'expire',
      'pubsub#expire',
      either(dateTime, oneOf('presence'), (value) => value instanceof Date),
    ),
    option('includeBody', 'pubsub#include_body', flag),
    option('showValues', 'pubsub#show-values', texts),
    option('subscriptionType', 'pubsub#subscription_type', oneOf('items', 'nodes')),
    option('subscriptionDepth', 'pubsub#subscription_depth', oneOf('1', 'all')),
  ],
  () => ({}),
);

const metadata = fieldsOf<NodeMetadata>();

export const nodeMetadata = formSchema<NodeMetadata>(
  FORM_META_DATA,
  [
    metadata('title', 'pubsub#title', text),
    metadata('description', 'pubsub#description', text),
    metadata('contact', 'pubsub#contact', texts),
    metadata('created', 'pubsub#creation_date', dateTime),
    metadata('creator', 'pubsub#creator', text),
    metadata('language', 'pubsub#language', text),
    metadata('subscribers', 'pubsub#num_subscribers', count),
    metadata('owners', 'pubsub#owner', texts),
    metadata('publishers', 'pubsub#publisher', texts),
    metadata('payloadType', 'pubsub#type', text),
  ],
  () => ({}),
);
