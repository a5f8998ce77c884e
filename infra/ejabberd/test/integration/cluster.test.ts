import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterNode, type EjabberdCluster, startEjabberdCluster } from '../../src/index.js';
import { eventually, isAlive, startInChild } from './processes.js';

const accounts = (node: ClusterNode | undefined) =>
  node?.api('registered_users', { host: 'localhost' });

describe('a cluster of private ejabberd nodes', () => {
  let cluster: EjabberdCluster;
  beforeAll(async () => {
    cluster = await startEjabberdCluster();
  });
  afterAll(() => cluster.stop());

  it('is one server: what one node knows, the other knows', async () => {
    const [one, other] = cluster.nodes;
    expect((await cluster.running()).toSorted()).toEqual([
      'heavylift@127.0.0.1',
      'heavylift@127.0.0.2',
    ]);
    await one?.register('first', 'secret');
    await other?.register('second', 'secret');
    expect(await accounts(one)).toEqual(['admin', 'first', 'second']);
    expect(await accounts(other)).toEqual(['admin', 'first', 'second']);
    expect(await cluster.sessions()).toEqual([]);
  });

  it.each([0, 1])(
    'goes on without a node that is killed, which then takes what it missed: %i',
    async (index) => {
      const killed = cluster.nodes[index];
      const other = cluster.nodes[1 - index];
      await killed?.kill();
      await expect.poll(cluster.running).toEqual([other?.name]);
      await other?.register(`meanwhile-${index}`, 'secret');
      await killed?.restart();
      expect(await cluster.running()).toHaveLength(2);
      expect(await accounts(killed)).toContain(`meanwhile-${index}`);
    },
  );
});

describe('when the process that started a cluster dies', () => {
  it('all of its nodes end by themselves and take their folders along', async () => {
    const source = new URL('../../src/index.ts', import.meta.url);
    const parent = await startInChild(source, 'startEjabberdCluster');
    expect(parent.servers).toHaveLength(2);
    parent.process.kill('SIGKILL');
    await eventually(() => !parent.servers.some(({ pid }) => isAlive(pid)));
    expect(parent.servers.filter(({ dir }) => existsSync(dir))).toEqual([]);
  });
});
