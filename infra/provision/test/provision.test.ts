import { describe, expect, it } from 'vitest';
import { describeChange, type ProvisionOptions, provision } from '../src/index.js';

// Nobody listens there: what is refused must be refused before anything is sent.
const options: ProvisionOptions = {
  service: 'xmpp://127.0.0.1:9',
  domain: 'example.org',
  admin: { username: 'admin', password: 'x' },
  lifters: 1,
};

describe('options of provision', () => {
  it.each<[string, Partial<ProvisionOptions>, string]>([
    ['a negative pool', { lifters: -1 }, 'lifters is a whole number, not -1.'],
    ['a broken pool', { lifters: 1.5 }, 'lifters is a whole number, not 1.5.'],
    ['a JID for a name', { extraUsers: [{ username: 'a@b' }] }, '"a@b" can be no account\'s name.'],
    ['upper case', { extraUsers: [{ username: 'You' }] }, '"You" can be no account\'s name.'],
    ['no name', { extraUsers: [{ username: '' }] }, '"" can be no account\'s name.'],
    [
      'a name of ours',
      { extraUsers: [{ username: 'lifter-1' }] },
      'The account lifter-1 is asked for twice.',
    ],
    [
      'the administrator',
      { extraUsers: [{ username: 'admin' }] },
      'The account admin is asked for twice.',
    ],
  ])('refuse %s', async (_, wrong, message) => {
    await expect(provision({ ...options, ...wrong })).rejects.toMatchObject({
      name: 'ProvisionError',
      code: 'invalid-option',
      message,
    });
  });

  it('refuse a certificate authority that cannot be read', async () => {
    const failed = provision({ ...options, tls: { caFile: '/nowhere/ca.pem' } });
    await expect(failed).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('/nowhere/ca.pem'),
    });
  });
});

describe('a change in words', () => {
  it.each([
    [{ kind: 'account-made', jid: 'bot@x' }, 'made the account bot@x'],
    [{ kind: 'password-set', jid: 'bot@x' }, 'gave bot@x a new password'],
    [{ kind: 'node-made', node: 'jobs' }, 'made the node jobs'],
    [
      {
        kind: 'node-configured',
        node: 'jobs',
        drift: [
          { field: 'accessModel', was: 'open', wanted: 'whitelist' },
          { field: 'title', was: undefined, wanted: 'Jobs' },
        ],
      },
      'put the configuration of jobs right: accessModel is open, not whitelist, title is not set, not Jobs',
    ],
    [
      { kind: 'affiliation-set', node: 'jobs', jid: 'bot@x', was: 'none', now: 'publisher' },
      'made bot@x publisher of jobs (was none)',
    ],
    [{ kind: 'subscribed', node: 'jobs', jid: 'bot@x' }, 'subscribed bot@x to jobs'],
    [{ kind: 'unsubscribed', node: 'jobs', jid: 'bot@x' }, 'unsubscribed bot@x from jobs'],
  ] as const)('%j', (change, words) => {
    expect(describeChange(change)).toBe(words);
  });
});
