import {
  type ClusterNode,
  type EjabberdCluster,
  type EjabberdServer,
  startEjabberd,
  startEjabberdCluster,
} from '@heavylift/ejabberd';
import { type Balancer, openBalancer } from './balancer.js';

/** The server that a world is built on, alone or a cluster. */
export interface Site {
  /** The only one, or the first node. */
  readonly server: EjabberdServer;
  readonly cluster?: ClusterSite;
  stop(): Promise<void>;
}

/** A cluster of two, and the way of everybody to it: each is at home at one node, and goes to the other if that one is gone. */
export interface ClusterSite extends EjabberdCluster {
  /** @param name of a service (`lifter-2`: at home at the second node, as all even ones), or of an account */
  homeOf(name: string): ClusterNode;
  /** Where it is to connect. */
  serviceOf(name: string): string;
  /** Sends home all who are at home at this node. */
  sendHome(node: ClusterNode): void;
}

export async function startSingle(
  startServer: () => Promise<EjabberdServer> = startEjabberd,
): Promise<Site> {
  const server = await startServer();
  return { server, stop: () => server.stop() };
}

export async function startCluster(): Promise<Site> {
  const cluster = await startEjabberdCluster();
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error('a cluster has two nodes');
  const balancers = new Map<ClusterNode, Balancer>([
    [first, await openBalancer([first.service, second.service])],
    [second, await openBalancer([second.service, first.service])],
  ]);
  const homeOf = (name: string) => (Number(/\d+$/.exec(name)?.[0] ?? 2) % 2 === 1 ? first : second);
  return {
    server: first,
    cluster: {
      ...cluster,
      homeOf,
      serviceOf: (name) => balancers.get(homeOf(name))?.service ?? '',
      sendHome: (node) => balancers.get(node)?.cut(),
    },
    async stop() {
      for (const balancer of balancers.values()) await balancer.close();
      await cluster.stop();
    },
  };
}
