import { nodePlans, nodeRoles } from '@heavylift/jobs';
import { expect, it } from 'vitest';
import {
  ProvisionError,
  type Provisioned,
  type ProvisionOptions,
  provision,
} from '../../src/index.js';
import { onEachServer, tls } from './servers.js';

onEachServer('provisioning', (on) => {
  let first: Provisioned;

  it('makes accounts that can log in (XEP-0133 section 4.1)', async () => {
    first = await provision(on.options);
    const { bot, notifier, lifters, users } = first.accounts;
    const everybody = [bot, notifier, ...lifters, ...users];
    expect(everybody.map(({ jid }) => jid)).toEqual([
      'bot@localhost',
      'notifier@localhost',
      'lifter-1@localhost',
      'lifter-2@localhost',
      'you@localhost',
      'app@localhost',
    ]);
    expect(first.administrators).toEqual(['you@localhost']);
    expect(new Set(everybody.map(({ password }) => password)).size).toBe(6);
    for (const { username, password } of everybody) {
      expect(password.length).toBeGreaterThanOrEqual(24);
      const session = await on.logIn(username, password);
      expect(session.jid?.bare).toBe(`${username}@localhost`);
    }
  });

  it('makes the nodes as planned (XEP-0060 sections 8.1, 8.8 and 8.9)', async () => {
    const kinds = first.changes.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'account-made')).toHaveLength(6);
    expect(kinds.filter((kind) => kind === 'node-made')).toHaveLength(nodeRoles.length);
    const pubsub = await on.pubsubAs(on.server.admin);
    const jids: Record<string, string[]> = {
      bot: ['bot@localhost'],
      notifier: ['notifier@localhost'],
      lifter: ['lifter-1@localhost', 'lifter-2@localhost'],
      reader: ['app@localhost'],
    };
    for (const role of nodeRoles) {
      const plan = nodePlans[role];
      const node = pubsub.node(first.nodes[role]);
      const affiliated = (await node.affiliations()).map(
        ({ jid, affiliation }) => `${jid} ${affiliation}`,
      );
      const expected = Object.entries(plan.affiliations).flatMap(([who, affiliation]) =>
        (jids[who] ?? []).map((jid) => `${jid} ${affiliation}`),
      );
      expect(affiliated.sort()).toEqual(['admin@localhost owner', ...expected].sort());
      const subscribed = (await node.subscribers()).map(({ jid, state }) => `${jid} ${state}`);
      expect(subscribed.sort()).toEqual(
        plan.subscribers
          .flatMap((who) => jids[who] ?? [])
          .map((jid) => `${jid} subscribed`)
          .sort(),
      );
      expect((await node.config()).accessModel).toBe('whitelist');
    }
  });

  it('changes nothing but passwords when it runs again (XEP-0133 section 4.6)', async () => {
    const old = first.accounts.bot.password;
    const lines: string[] = [];
    first = await provision({ ...on.options, log: (line) => lines.push(line) });
    expect(new Set(first.changes.map(({ kind }) => kind))).toEqual(new Set(['password-set']));
    expect(first.changes).toHaveLength(6);
    expect(lines[0]).toBe('gave bot@localhost a new password');
    await on.logIn('bot', first.accounts.bot.password);
    await expect(on.logIn('bot', old)).rejects.toMatchObject({ code: 'authentication-failed' });
  });

  it('gives the passwords that it is told to give', async () => {
    const { accounts } = await provision({
      ...on.options,
      passwords: { bot: 'a password for the bot' },
      extraUsers: [{ username: 'you', password: 'a password for you' }, { username: 'app' }],
    });
    expect(accounts.bot.password).toBe('a password for the bot');
    await on.logIn('bot', 'a password for the bot');
    await on.logIn('you', 'a password for you');
  });

  it('puts right what has drifted, and says so', async () => {
    const pubsub = await on.pubsubAs(on.server.admin);
    const jobs = pubsub.node('heavylift/jobs');
    await jobs.configure({ accessModel: 'open', title: 'Mine' });
    await jobs.setAffiliations([
      { jid: 'bot@localhost', affiliation: 'none' },
      { jid: 'app@localhost', affiliation: 'publisher' },
    ]);
    await jobs.setSubscriptions([
      { jid: 'lifter-1@localhost', state: 'none' },
      { jid: 'app@localhost', state: 'subscribed' },
    ]);

    const { changes } = await provision(on.options);
    expect(changes.filter(({ kind }) => kind !== 'password-set')).toEqual([
      {
        kind: 'node-configured',
        node: 'heavylift/jobs',
        drift: expect.arrayContaining([
          { field: 'accessModel', was: 'open', wanted: 'whitelist' },
          { field: 'title', was: 'Mine', wanted: nodePlans.jobs.config.title },
        ]),
      },
      { kind: 'unsubscribed', node: 'heavylift/jobs', jid: 'app@localhost' },
      {
        kind: 'affiliation-set',
        node: 'heavylift/jobs',
        jid: 'bot@localhost',
        was: 'none',
        now: 'publisher',
      },
      {
        kind: 'affiliation-set',
        node: 'heavylift/jobs',
        jid: 'app@localhost',
        was: 'publisher',
        now: 'none',
      },
      { kind: 'subscribed', node: 'heavylift/jobs', jid: 'lifter-1@localhost' },
    ]);
    expect((await provision(on.options)).changes.map(({ kind }) => kind)).not.toContain(
      'node-configured',
    );
  });

  it('gives a pool that has grown what its lifters need, and takes it from those beyond', async () => {
    const grown = await provision({ ...on.options, lifters: 3 });
    expect(grown.changes).toContainEqual({ kind: 'account-made', jid: 'lifter-3@localhost' });
    expect(grown.changes).toContainEqual({
      kind: 'subscribed',
      node: 'heavylift/jobs',
      jid: 'lifter-3@localhost',
    });
    const shrunk = await provision(on.options);
    expect(shrunk.changes).toContainEqual({
      kind: 'unsubscribed',
      node: 'heavylift/jobs',
      jid: 'lifter-3@localhost',
    });
    expect(shrunk.changes).toContainEqual({
      kind: 'affiliation-set',
      node: 'heavylift/results',
      jid: 'lifter-3@localhost',
      was: 'publisher',
      now: 'none',
    });
  });

  const known = async (): Promise<ProvisionOptions> => {
    const { accounts } = await provision(on.options);
    const { bot, notifier, lifters, users } = accounts;
    const everybody = [bot, notifier, ...lifters, ...users];
    const passwords = everybody.map(({ username, password }) => [username, password] as const);
    return { ...on.options, passwords: Object.fromEntries(passwords) };
  };

  it('leaves alone an account that its password opens, and finds nothing to do', async () => {
    const right = await known();
    expect(await provision({ ...right, check: true })).toMatchObject({ changes: [] });
    expect(await provision({ ...right, widening: 'hold-back' })).toMatchObject({
      changes: [],
      heldBack: [],
    });
  });

  it('with check says what is not as wanted, and changes nothing', async () => {
    const right = await known();
    const pubsub = await on.pubsubAs(on.server.admin);
    const jobs = pubsub.node('heavylift/jobs');
    await jobs.configure({ accessModel: 'open' });
    await jobs.setAffiliations([{ jid: 'bot@localhost', affiliation: 'none' }]);
    await jobs.setSubscriptions([{ jid: 'lifter-1@localhost', state: 'none' }]);
    const wrong = { ...right.passwords, bot: 'not the one' };
    const lines: string[] = [];
    const asked = { ...right, passwords: wrong, lifters: 3, check: true };
    await provision({ ...asked, log: (line) => lines.push(line) });
    expect(lines).toEqual(
      expect.arrayContaining([
        'bot@localhost cannot log in with its password: the account is missing, or has another',
        'no password is known for lifter-3@localhost',
        'the node heavylift/jobs is not configured as wanted: accessModel is open, not whitelist',
        'bot@localhost is none of heavylift/jobs, not publisher',
        'lifter-1@localhost is not subscribed to heavylift/jobs',
      ]),
    );
    const elsewhere = await provision({ ...right, check: true, nodePrefix: 'absent/' });
    expect(elsewhere.changes).toHaveLength(nodeRoles.length);
    expect((await jobs.config()).accessModel).toBe('open');
    await on.logIn('bot', right.passwords?.['bot'] ?? '');
    await provision(right);
  });

  it('holds back what gives somebody more access than now, if told to, and does the rest', async () => {
    const right = await known();
    const pubsub = await on.pubsubAs(on.server.admin);
    const results = pubsub.node('heavylift/results');
    await results.setAffiliations([{ jid: 'lifter-1@localhost', affiliation: 'none' }]);
    await results.configure({ title: 'Mine' });
    await pubsub.node('heavylift/jobs').configure({ accessModel: 'open' });
    const asked: ProvisionOptions = { ...right, resultsAccess: 'open', widening: 'hold-back' };
    const { changes, heldBack } = await provision(asked);
    expect(heldBack).toContainEqual({
      kind: 'node-configured',
      node: 'heavylift/results',
      drift: [{ field: 'accessModel', was: 'whitelist', wanted: 'open' }],
    });
    expect(heldBack).toContainEqual({
      kind: 'affiliation-set',
      node: 'heavylift/results',
      jid: 'lifter-1@localhost',
      was: 'none',
      now: 'publisher',
    });
    // To close what is open needs nobody's leave.
    expect(changes).toContainEqual({
      kind: 'node-configured',
      node: 'heavylift/jobs',
      drift: [{ field: 'accessModel', was: 'open', wanted: 'whitelist' }],
    });
    const { accessModel, title } = await results.config();
    expect({ accessModel, title }).toEqual({
      accessModel: 'whitelist',
      title: nodePlans.results.config.title,
    });
    expect((await provision({ ...asked, widening: 'allow' })).heldBack).toEqual([]);
    expect((await results.config()).accessModel).toBe('open');
    await provision(right);
    expect((await results.config()).accessModel).toBe('whitelist');
  });

  it('has the passwords kept before any is set, and only for who may set them', async () => {
    const { accounts } = await provision(on.options);
    const before: string[] = [];
    const stranger = accounts.users[0] ?? on.server.admin;
    const asked = { ...on.options, onAccounts: async () => void before.push('kept') };
    const refused = provision({ ...asked, admin: stranger, extraUsers: [] });
    await expect(refused).rejects.toMatchObject({ name: 'ProvisionError' });
    expect(before).toEqual([]);
    const broken = provision({
      ...on.options,
      onAccounts: () => Promise.reject(new Error('disk full')),
    });
    await expect(broken).rejects.toThrow('disk full');
    await on.logIn('bot', accounts.bot.password);
  });

  it('keeps to another node prefix', async () => {
    const { nodes } = await provision({ ...on.options, nodePrefix: 'other/' });
    expect(nodes.results).toBe('other/results');
  });

  it('says that an account is no administrator', async () => {
    const { accounts } = await provision(on.options);
    const admin = accounts.users[0] ?? on.server.admin;
    const failed = provision({ ...on.options, admin, extraUsers: [] });
    await expect(failed).rejects.toMatchObject({
      name: 'ProvisionError',
      code: expect.stringMatching(/^(not-an-administrator|no-administration)$/),
    });
  });

  it('says that the administrator is not let in', async () => {
    const failed = provision({ ...on.options, admin: { username: 'admin', password: 'wrong' } });
    await expect(failed).rejects.toMatchObject({
      code: 'login-refused',
      message: expect.stringContaining('admin@localhost'),
    });
  });

  it('says that there is no such PubSub service', async () => {
    const failed = provision({ ...on.options, pubsubJid: 'nowhere.localhost' });
    await expect(failed).rejects.toMatchObject({ code: 'node-refused' });
  });
});

it('says that no server answers', async () => {
  const failed = provision({
    service: 'xmpp://127.0.0.1:9',
    domain: 'localhost',
    admin: { username: 'admin', password: 'x' },
    tls,
    lifters: 1,
    timeoutMs: 500,
  });
  await expect(failed).rejects.toBeInstanceOf(ProvisionError);
  await expect(failed).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('xmpp://127.0.0.1:9'),
  });
});
