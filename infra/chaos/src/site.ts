import { join } from 'node:path';
import {
  type ClusterNode,
  type EjabberdCluster,
  type EjabberdServer,
  startEjabberd,
  startEjabberdCluster,
} from '@heavylift/ejabberd';
import { openBalancer } from './balancer.js';
import { eventually } from './eventually.js';

/** The server that a world is built on, alone or a cluster. */
export interface Site {
  /** The only one, or the first node. */
  readonly server: EjabberdServer;
  readonly cluster?: ClusterSite;
  stop(): Promise<void>;
}

/** A cluster of two, and everybody's way to it: each is at home at one node, and goes to the other if that one is gone. */
export interface ClusterSite extends EjabberdCluster {
  /** @param name of a service (`lifter-2`: at home at the second node, as all even ones), or of an account */
  homeOf(name: string): ClusterNode;
  /** Where it is to connect. */
  serviceOf(name: string): string;
  /** Sends home all services that are at home at this node. */
  sendHome(node: ClusterNode): void;
  /** Makes a node the user's home, and waits until the user is there. */
  moveUser(node: ClusterNode): Promise<void>;
}

export async function startSingle(
  startServer: () => Promise<EjabberdServer> = startEjabberd,
): Promise<Site> {
  const server = await startServer();
  return { server, stop: () => server.stop() };
}

/** @param dir gets the nodes' data and logs */
export async function startCluster(dir: string): Promise<Site> {
  const cluster = await startEjabberdCluster({
    dir: join(dir, 'cluster'),
    // A node starts anew while the system is under load.
    timeoutMs: 120_000,
  });
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error('a cluster has two nodes');
  let userHome = second;
  const services = (home: ClusterNode) => () =>
    [home, home === first ? second : first].map(({ service }) => service);
  const balancers = new Map([
    [first, await openBalancer(services(first))],
    [second, await openBalancer(services(second))],
  ]);
  const userBalancer = await openBalancer(() => services(userHome)());
  const homeOf = (name: string): ClusterNode => {
    if (name === 'user') return userHome;
    return Number(/\d+$/.exec(name)?.[0] ?? 2) % 2 === 1 ? first : second;
  };
  return {
    server: first,
    cluster: {
      ...cluster,
      homeOf,
      serviceOf: (name) =>
        (name === 'user' ? userBalancer : balancers.get(homeOf(name)))?.service ?? '',
      sendHome: (node) => balancers.get(node)?.cut(),
      async moveUser(node) {
        userHome = node;
        const isThere = async () => (await nodesOf('user', cluster)).join() === node.name;
        if (await isThere()) return;
        userBalancer.cut();
        if (!(await eventually(isThere, 30_000)))
          throw new Error(`the user did not come to ${node.name}`);
      },
    },
    async stop() {
      await Promise.all([userBalancer, ...balancers.values()].map((each) => each.close()));
      await cluster.stop();
    },
  };
}

/** Names of the nodes at which an account has sessions, one for each session. */
export async function nodesOf(account: string, cluster: EjabberdCluster): Promise<string[]> {
  const sessions = await cluster.sessions();
  return sessions.filter(({ jid }) => jid.startsWith(`${account}@`)).map(({ node }) => node);
}
