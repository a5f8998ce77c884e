import { describe, expect, it, vi } from 'vitest';
import { readEpoch } from '../../src/leadership/mark.js';
import {
  elected,
  leaderAndStandby,
  lockOf,
  login,
  patience,
  pubsubOf,
  round,
  server,
  shareServer,
  stand,
} from './candidates.js';

shareServer();

/** It makes locks of its own, so it may make nodes wherever a server is configured as it should be. */
const mallory = () => login({ username: 'notifier', password: 'secret' });

/** A node in the name of a lock, made by another account, which makes the bot an owner beside itself. */
async function forgeLock(number: string, title = `bot@${server.domain}/anywhere`) {
  const session = await mallory();
  const node = pubsubOf(session).node(`${round.prefix}lock/dispatcher/${number}`);
  await node.create({ accessModel: 'whitelist', publishModel: 'publishers', title });
  await node.setAffiliations([{ jid: `bot@${server.domain}`, affiliation: 'owner' }]);
  return node;
}

describe('a lock that another account made', () => {
  it.each(['2', '999', '999999999999999', '9007199254740990', '9007199254740993', '00009', '1e9'])(
    'deposes no leader, though the bot is an owner of it: %s',
    async (number) => {
      const leader = stand(await login());
      await elected(leader);
      await forgeLock(number);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      await leader.candidacy.office?.certify();
      expect(leader.offices).toHaveLength(1);
      expect(leader.candidacy.office?.epoch).toBe(1);
    },
  );

  it('keeps nobody from being elected, and no standby from taking over', async () => {
    await forgeLock('999999999999999', `bot@${server.domain}/nobody`);
    await forgeLock('3', `notifier@${server.domain}/x`);
    const { leader, standby } = await leaderAndStandby();
    await forgeLock('7000');
    await leader.stop();
    await elected(standby);
    expect(standby.candidacy.office?.epoch).toBeLessThan(100);
    expect(round.mostAtOnce).toBe(1);
  });

  it('is deleted by the leader, as far as it may', async () => {
    const leader = stand(await login(), { timings: { recheckMs: 100 } });
    await elected(leader);
    const forged = await forgeLock('77');
    await vi.waitFor(() => expect(forged.config()).rejects.toThrow('item-not-found'), patience);
    expect(leader.offices).toHaveLength(1);
  });

  it('that names another account as its holder is nobody’s office, even if it was left to the bot', async () => {
    const forged = await forgeLock('50', `notifier@${server.domain}/x`);
    await forged.setAffiliations([{ jid: `notifier@${server.domain}`, affiliation: 'none' }]);
    const candidate = stand(await login());
    await elected(candidate);
    expect(candidate.candidacy.office?.epoch).toBe(51);
    expect(await lockOf(candidate.session, 51).config()).toMatchObject({
      title: String(candidate.session.jid),
    });
  });
});

it('an epoch is read only as leaders write it, up to the greatest that can be counted on from', () => {
  const read = ['0', '17', '999999999999999', '1000000000000000', '9007199254740990'].map(
    readEpoch,
  );
  expect(read).toEqual([0, 17, 999_999_999_999_999, 1_000_000_000_000_000, 9_007_199_254_740_990]);
  const refused = ['', '017', '-1', '1.0', '1e3', '٣', '9007199254740991', '9'.repeat(40), 17];
  expect(refused.map(readEpoch)).toEqual(refused.map(() => undefined));
});
