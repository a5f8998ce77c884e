import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterNode, type EjabberdCluster, startEjabberdCluster } from '../../src/index.js';

const accounts = (node: ClusterNode | undefined) =>
  node?.api('registered_users', { host: 'localhost' });

const cluster = (node: ClusterNode | undefined) => node?.api('list_cluster');

/** What docs/leadership.md says of a split: no promise of ours, but what the server does. */
describe('a cluster whose nodes lose sight of each other while both live', () => {
  let nodes: EjabberdCluster;
  beforeAll(async () => {
    nodes = await startEjabberdCluster({ splittable: true });
  });
  afterAll(() => nodes?.stop());

  it('goes on in two halves, stays apart when healed, and loses what a restarted half had', async () => {
    const [one, other] = nodes.nodes;
    nodes.split();
    await expect.poll(() => cluster(one)).toEqual([one?.name]);
    await expect.poll(() => cluster(other)).toEqual([other?.name]);
    await one?.register('only-one', 'secret');
    await other?.register('only-other', 'secret');
    expect(await accounts(one)).toEqual(['admin', 'only-one']);
    expect(await accounts(other)).toEqual(['admin', 'only-other']);

    nodes.heal();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await cluster(one)).toEqual([one?.name]);
    expect(await cluster(other)).toEqual([other?.name]);

    await other?.restart();
    await expect.poll(nodes.running).toHaveLength(2);
    expect(await accounts(one)).toEqual(['admin', 'only-one']);
    expect(await accounts(other)).toEqual(['admin', 'only-one']);
  });
});
