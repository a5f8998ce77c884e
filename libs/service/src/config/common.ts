/** Options that several services share, and what they mean for a session. */
import { defaultNodePrefix } from '@heavylift/jobs';
import type { SessionLog, SessionOptions } from '@heavylift/xmpp-pubsub';
import { type Config, optional, required, withDefault } from './option.js';
import { contentOfFile, domain, flag, localPart, matching, oneOf, text } from './values.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const logOptions = {
  LOG_LEVEL: withDefault({
    description: 'The least severe lines that are logged.',
    type: oneOf(logLevels),
    default: 'info',
  }),
};

export const xmppOptions = {
  XMPP_SERVICE: optional({
    description: 'Where the server is.',
    type: matching(
      /^((xmpps?|wss?):\/\/[^\s/]+(\/\S*)?|[^\s/@:]+)$/,
      'xmpp://host:port, xmpps://host:port, ws://…, wss://…, or a domain to look up by SRV',
    ),
    otherwise: 'XMPP_DOMAIN, looked up by SRV',
  }),
  XMPP_DOMAIN: required({ description: 'The domain of the account.', type: domain() }),
  XMPP_USERNAME: required({
    description: 'The account, without its domain.',
    type: localPart(),
  }),
  XMPP_PASSWORD: required({
    description: 'The password of the account.',
    type: text('a password'),
    secret: true,
  }),
  XMPP_RESOURCE: optional({
    description:
      'The resource of the session. Two sessions with one resource throw each other out.',
    type: text('the part of a JID after the /'),
    otherwise: 'made up anew at each start',
  }),
  XMPP_TLS_CA_FILE: optional({
    description: 'The certificate authority to trust.',
    type: contentOfFile('the path of a PEM file'),
    otherwise: "the system's authorities",
  }),
  XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: withDefault({
    description: 'Log in without TLS if the server is on this machine.',
    type: flag(),
    default: 'false',
  }),
  XMPP_ALLOW_PLAINTEXT_TO_ANY_HOST_DANGEROUSLY: withDefault({
    description: 'Log in without TLS anywhere: whoever is in between can read and change all.',
    type: flag(),
    default: 'false',
  }),
};

export const pubsubOptions = {
  PUBSUB_SERVICE: optional({
    description: 'The JID of the PubSub service.',
    type: domain(),
    otherwise: 'pubsub.XMPP_DOMAIN',
  }),
  NODE_PREFIX: withDefault({
    description: 'What the names of all nodes begin with.',
    type: text('the beginning of a node name'),
    default: defaultNodePrefix,
  }),
};

/** Of whoever publishes results: the same for all, or some results say it and others don't. */
export const resultsOptions = {
  RESULTS_NAME_REQUESTER: withDefault({
    description: 'Whether results say who asked, by bare JID, to whoever may read them.',
    type: flag(),
    default: 'false',
  }),
};

export type XmppConfig = Config<typeof xmppOptions>;
export type PubSubConfig = Config<typeof pubsubOptions>;

/** The session that a configuration describes. For a second account, override `XMPP_USERNAME` and `XMPP_PASSWORD`. */
export function sessionOptions(config: XmppConfig, log?: SessionLog): SessionOptions {
  return {
    service: config.XMPP_SERVICE ?? config.XMPP_DOMAIN,
    domain: config.XMPP_DOMAIN,
    username: config.XMPP_USERNAME,
    password: config.XMPP_PASSWORD,
    ...(config.XMPP_RESOURCE === undefined ? {} : { resource: config.XMPP_RESOURCE }),
    tls: {
      ...(config.XMPP_TLS_CA_FILE === undefined ? {} : { ca: config.XMPP_TLS_CA_FILE }),
      allowPlaintextOnLoopback: config.XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK,
      allowPlaintextToAnyHostDangerously: config.XMPP_ALLOW_PLAINTEXT_TO_ANY_HOST_DANGEROUSLY,
    },
    // A dead service's presence has to go at once, not after the time to resume: that is how the others learn of it. And a service
    // re-reads what it needs after a break anyway.
    streamManagement: false,
    // Services are few, and nothing moves while they are away. Who led before a break has to be back before others take over (`yieldMs`).
    backoff: { maxMs: 5_000 },
    ...(log === undefined ? {} : { log }),
  };
}

/** The JID of the PubSub service that a configuration names. */
export function pubsubJid(config: XmppConfig & PubSubConfig): string {
  return config.PUBSUB_SERVICE ?? `pubsub.${config.XMPP_DOMAIN}`;
}
