/** What the accounts may do, and may not, once all is provisioned. */
import { nodePlans, nodeRoles } from '@heavylift/jobs';
import { connectPubSub, hasCondition } from '@heavylift/xmpp-pubsub';
import xml from '@xmpp/xml';
import { expect, it } from 'vitest';
import { provision } from '../../src/index.js';
import { onEachServer } from './servers.js';

onEachServer('what is provisioned', (on) => {
  it('lets each account do its part: what bot publishes, lifters hear, who did not subscribe themselves', async () => {
    const { accounts } = await provision(on.options);
    const [lifter] = accounts.lifters;
    if (lifter === undefined) throw new Error('no lifter');
    const lifterSession = await on.logIn(lifter.username, lifter.password);
    const heard = new Promise((resolve) => {
      const jobs = connectPubSub(lifterSession, { jid: on.server.pubsub }).node('heavylift/jobs');
      jobs.on((event) => {
        if (event.type === 'published') resolve(event);
      });
    });
    await lifterSession.send(xml('presence'));
    const bot = await on.pubsubAs(accounts.bot);
    // Presence and publish travel on two streams: publish until the event comes.
    const publish = () => bot.node('heavylift/jobs').publish(xml('sheet', { xmlns: 'urn:test' }));
    const ticker = setInterval(() => void publish(), 200);
    try {
      await expect(heard).resolves.toMatchObject({ type: 'published', node: 'heavylift/jobs' });
    } finally {
      clearInterval(ticker);
    }
  });

  it('lets bot and notifier make lock nodes, and nobody else', async () => {
    const { accounts } = await provision(on.options);
    const bot = await on.pubsubAs(accounts.bot);
    await bot.node('heavylift/lock/dispatcher/1').create();
    const notifier = await on.pubsubAs(accounts.notifier);
    await notifier.node('heavylift/lock/notifier/1').create();
    for (const other of [...accounts.lifters, ...accounts.users]) {
      const pubsub = await on.pubsubAs(other);
      const attempt = pubsub.node('heavylift/lock/dispatcher/2').create();
      await expect(attempt).rejects.toSatisfy((error) => hasCondition(error, 'forbidden'));
    }
  });

  it('gives a stranger nothing (XEP-0060 sections 6.1.3, 6.5.9 and 7.1.3)', async () => {
    const { accounts } = await provision(on.options);
    const stranger = accounts.users.find(({ username }) => username === 'you');
    if (stranger === undefined) throw new Error('no user');
    const pubsub = await on.pubsubAs(stranger);
    for (const role of nodeRoles) {
      const node = pubsub.node(`heavylift/${role}`);
      const refused = (error: unknown) => hasCondition(error, 'not-allowed', 'forbidden');
      await expect(node.subscribe()).rejects.toSatisfy(refused);
      await expect(node.publish(xml('x', { xmlns: 'urn:test' }))).rejects.toSatisfy(refused);
      await expect(node.affiliations()).rejects.toSatisfy(refused);
      if (nodePlans[role].config.persistItems === true) {
        await expect(node.items()).rejects.toSatisfy(refused);
      }
    }
  });

  it('lets a reader read results, and nothing else', async () => {
    const { accounts } = await provision(on.options);
    const reader = accounts.users.find(({ username }) => username === 'app');
    if (reader === undefined) throw new Error('no reader');
    const pubsub = await on.pubsubAs(reader);
    const results = pubsub.node('heavylift/results');
    expect(await results.items()).toEqual([]);
    await results.subscribe();
    const publish = results.publish(xml('x', { xmlns: 'urn:test' }));
    await expect(publish).rejects.toSatisfy((error) => hasCondition(error, 'forbidden'));
    const jobs = pubsub.node('heavylift/jobs').items();
    await expect(jobs).rejects.toSatisfy((error) =>
      hasCondition(error, 'not-allowed', 'forbidden'),
    );
    // Its own subscription is nobody's drift.
    const { changes } = await provision(on.options);
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['password-set']));
  });
});
