import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { LaunchError } from './launch/error.js';
import { freePorts } from './launch/ports.js';
import { type Link, openLink } from './link.js';
import type { EjabberdServer } from './server.js';
import { type EjabberdOptions, nodeName, startNode } from './start.js';

export interface ClusterOptions extends EjabberdOptions {
  /** How many, at least 1. @default 2 */
  readonly nodes?: number;
  /** A folder to keep, with a folder for each node. @default temporary ones */
  readonly dir?: string;
  /** Whether {@link EjabberdCluster.split} is wanted: nodes then speak through relays. @default false */
  readonly splittable?: boolean;
}

/** One of the servers that are one server together. */
export interface ClusterNode extends EjabberdServer {
  /** Its Erlang name, by which ejabberd speaks of it. */
  readonly name: string;
}

/** Somebody who is logged in. */
export interface ClusterSession {
  /** Full JID. */
  readonly jid: string;
  /** The name of the node that it is connected to. */
  readonly node: string;
  /** Of its presence (RFC 6121 section 4.7.2.3). */
  readonly priority: number;
}

/** Several ejabberd that have accounts, sessions, PubSub nodes and offline messages in common. */
export interface EjabberdCluster {
  readonly nodes: readonly ClusterNode[];
  /** Names of the nodes that run, as one that runs sees it. */
  running(): Promise<readonly string[]>;
  /** The sessions of all nodes, as one that runs sees them. */
  sessions(): Promise<readonly ClusterSession[]>;
  /** Parts all nodes from one another while they go on, each for itself. Needs `splittable`. */
  split(): void;
  /** Lets the nodes reach one another again. What they do about it is their own affair. */
  heal(): void;
  /** Ends all nodes. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster of ejabberd nodes, each as {@link startEjabberd} starts one: a private child
 * process that ends with this one. Any of them can be killed and started again by itself.
 *
 * Erlang finds a node by its host and asks a daemon, epmd, for the port. Here each node has an address of the loopback
 * interface to itself, and all have one port, so nobody has to be asked. Needs a system on which
 * all of 127.0.0.0/8 is loopback, as on Linux.
 *
 * A node that was killed takes what it missed from those that went on. When all were down, the one that was
 * down last has to come first: each waits for those that it saw going on without it.
 *
 * @throws {@link LaunchError} as `startEjabberd` does; no node is left then.
 */
export async function startEjabberdCluster(options: ClusterOptions = {}): Promise<EjabberdCluster> {
  const { nodes: count = 2, dir, splittable = false, ...each } = options;
  const [port = 0] = await freePorts(1);
  const cookie = randomBytes(24).toString('base64url');
  const adminPassword = options.adminPassword ?? randomBytes(18).toString('base64url');
  const nodes: ClusterNode[] = [];
  const links: Link[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(links.map((link) => link.close()));
  };
  try {
    // One after the other: each takes over the tables of the first.
    for (let index = 0; index < count; index += 1) {
      const address = addressOf(index);
      const listen = splittable ? behindLink(index) : address;
      if (splittable) links.push(await openLink(address, listen, port));
      const server = await startNode(
        {
          ...each,
          adminPassword,
          ...(dir === undefined ? {} : { dir: join(dir, `node-${index + 1}`) }),
        },
        { address, listen, port, cookie, ...(index === 0 ? {} : { join: addressOf(0) }) },
      );
      // Not a copy: what it says of itself changes.
      nodes.push(Object.assign(server, { name: nodeName(address) }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const ask = (command: string): Promise<unknown> => {
    const node = nodes.find(({ running }) => running);
    if (node === undefined) throw new LaunchError('start-failed', 'No node of the cluster runs.');
    return node.api(command);
  };
  const eachLink = (change: (link: Link) => void): void => {
    if (!splittable) throw new LaunchError('start-failed', 'The cluster is not `splittable`.');
    links.forEach(change);
  };
  return {
    nodes,
    split: () => eachLink((link) => link.cut()),
    heal: () => eachLink((link) => link.mend()),
    running: async () => listOf(await ask('list_cluster'), asText),
    sessions: async () => listOf(await ask('connected_users_info'), asSession),
    stop,
  };
}

const addressOf = (index: number): string => `127.0.0.${index + 1}`;

/** Where a node listens whose own address is that of its relay. */
const behindLink = (index: number): string => `127.0.1.${index + 1}`;

function listOf<T>(answer: unknown, parse: (each: unknown) => T | undefined): T[] {
  if (!Array.isArray(answer)) throw unreadable(answer);
  return answer.map((each: unknown) => {
    const parsed = parse(each);
    if (parsed === undefined) throw unreadable(answer);
    return parsed;
  });
}

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

function asSession(value: unknown): ClusterSession | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { jid, node, priority }: Record<string, unknown> = { ...value };
  if (typeof jid !== 'string' || typeof node !== 'string') return undefined;
  // Before its first presence a session has none, and ejabberd says so in a word or by -1.
  return { jid, node, priority: typeof priority === 'number' ? priority : -1 };
}

const unreadable = (answer: unknown): LaunchError =>
  new LaunchError(
    'api-refused',
    `ejabberd answered what we cannot read: ${JSON.stringify(answer)}`,
  );
