import { toBareJid } from '@heavylift/xmpp-pubsub';
import { describe, expect, it } from 'vitest';
import { type Provisioned, serviceEnv } from '../src/index.js';

const account = (username: string) => ({
  username,
  password: `secret of ${username}`,
  jid: toBareJid(`${username}@example.org`),
});

const provisioned: Provisioned = {
  service: 'xmpp://127.0.0.1:40123',
  domain: 'example.org',
  pubsubJid: 'pubsub.example.org',
  nodePrefix: 'heavylift/',
  tls: { allowPlaintextOnLoopback: true },
  accounts: {
    bot: account('bot'),
    notifier: account('notifier'),
    lifters: [account('lifter-1'), account('lifter-2')],
    users: [account('you')],
  },
  administrators: ['you@example.org', 'root@example.org'].map(toBareJid),
  nodes: {
    jobs: 'heavylift/jobs',
    results: 'heavylift/results',
    events: 'heavylift/events',
    handlers: 'heavylift/handlers',
    failed: 'heavylift/failed',
    schedules: 'heavylift/schedules',
  },
  changes: [],
  heldBack: [],
};

const common = {
  XMPP_SERVICE: 'xmpp://127.0.0.1:40123',
  XMPP_DOMAIN: 'example.org',
  XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK: 'true',
  PUBSUB_SERVICE: 'pubsub.example.org',
  NODE_PREFIX: 'heavylift/',
};

describe('the environment of a service', () => {
  it('tells the dispatcher whom to obey and whom to believe', () => {
    expect(serviceEnv(provisioned, 'dispatcher')).toEqual({
      ...common,
      XMPP_USERNAME: 'bot',
      XMPP_PASSWORD: 'secret of bot',
      DISPATCHER_ADMINS: 'you@example.org,root@example.org',
      LIFTER_ACCOUNTS: 'lifter-1@example.org,lifter-2@example.org',
      NOTIFIER_ACCOUNT: 'notifier@example.org',
    });
  });

  it('gives the notifier a second account to speak with', () => {
    expect(serviceEnv(provisioned, 'notifier')).toEqual({
      ...common,
      XMPP_USERNAME: 'notifier',
      XMPP_PASSWORD: 'secret of notifier',
      BOT_USERNAME: 'bot',
      BOT_PASSWORD: 'secret of bot',
      LIFTER_ACCOUNTS: 'lifter-1@example.org,lifter-2@example.org',
    });
  });

  it('gives each lifter an account of its own', () => {
    expect(serviceEnv(provisioned, 'lifter', 1)).toEqual({
      ...common,
      XMPP_USERNAME: 'lifter-2',
      XMPP_PASSWORD: 'secret of lifter-2',
      BOT_ACCOUNT: 'bot@example.org',
      LIFTER_NAME: 'lifter-2',
    });
    expect(serviceEnv(provisioned, 'lifter', 0, { slots: 8 })).toMatchObject({ LIFTER_SLOTS: '8' });
  });

  it('divides the results that the node keeps among more than two lifters', () => {
    const [lifter] = provisioned.accounts.lifters;
    if (lifter === undefined) throw new Error('no lifter');
    const lifters = [lifter, lifter, lifter];
    const accounts = { ...provisioned.accounts, lifters };
    expect(serviceEnv({ ...provisioned, accounts }, 'lifter')).toMatchObject({
      LIFTER_RESULTS_KEPT: '300',
    });
  });

  it('names the certificate authority, and asks for TLS unless told otherwise', () => {
    const env = serviceEnv({ ...provisioned, tls: { caFile: '/etc/ca.pem' } }, 'dispatcher');
    expect(env).toMatchObject({ XMPP_TLS_CA_FILE: '/etc/ca.pem' });
    expect(env).not.toHaveProperty('XMPP_ALLOW_PLAINTEXT_ON_LOOPBACK');
  });

  it('is refused for a lifter that there is not', () => {
    expect(() => serviceEnv(provisioned, 'lifter', 2)).toThrow(
      'There is no lifter 2: 2 were provisioned, counted from 0.',
    );
  });
});
