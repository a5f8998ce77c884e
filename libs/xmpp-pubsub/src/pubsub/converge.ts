import { hasCondition, XmppError } from '../errors.js';
import { sleep } from '../session/sleep.js';
import { discoInfo } from './disco.js';
import { nodeConfig } from './node-config.js';
import { owning } from './owning.js';
import { compact } from './read-xml.js';
import type { Drift, NodeConfig } from './types/config.js';
import type { GetOrCreateOptions, NodeState } from './types/service.js';
import type { Wire } from './wire.js';

type Outcome = Omit<NodeState<unknown>, 'node'>;

const ATTEMPTS = 6;
const NEVER = new AbortController().signal;

/** Makes a node, or puts its configuration right. */
export async function converge(
  wire: Wire,
  node: string,
  wanted: NodeConfig,
  { check = false, ...options }: GetOrCreateOptions = {},
): Promise<Outcome> {
  const { create, config, configure } = owning(wire, node);

  const present = async () => {
    try {
      return await config(options);
    } catch (error) {
      if (hasCondition(error, 'item-not-found')) return undefined;
      // Prosody forbids to configure what is not there; to look at it is not forbidden.
      if (hasCondition(error, 'forbidden') && (await isMissing())) return undefined;
      throw error;
    }
  };

  const isMissing = async () => {
    try {
      await discoInfo(wire, wire.jid.toString(), { ...options, node });
      return false;
    } catch (error) {
      return hasCondition(error, 'item-not-found');
    }
  };

  const made = async () => {
    try {
      await create(wanted, options);
      return true;
    } catch (error) {
      // Under contention ejabberd may say internal-server-error to those who lose, and rarely to all.
      if (hasCondition(error, 'conflict', 'internal-server-error')) return false;
      throw error;
    }
  };

  const putRight = async (drift: readonly Drift[]) => {
    await configure(only(wanted, drift), options);
    return nodeConfig.drift(await config(options), wanted);
  };

  if (check) {
    const actual = await present();
    const drift = nodeConfig.drift(actual, wanted);
    return { created: false, exists: actual !== undefined, drift, remaining: drift };
  }

  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await made()) {
      const remaining = nodeConfig.drift(await config(options), wanted);
      return { created: true, exists: true, drift: [], remaining };
    }
    const actual = await present();
    if (actual !== undefined) {
      const drift = nodeConfig.drift(actual, wanted);
      const remaining = drift.length === 0 ? [] : await putRight(drift);
      return { created: false, exists: true, drift, remaining };
    }
    await sleep(Math.random() * 25 * 2 ** attempt, options.signal ?? NEVER);
  }
  throw new XmppError(
    'malformed-answer',
    `${wire.jid} neither makes node ${node} nor has it, ${ATTEMPTS} times in a row: see the service's log`,
  );
}

/** The part of a configuration that drifted: to submit the rest as well would undo what others change meanwhile. */
function only(wanted: NodeConfig, drift: readonly Drift[]): NodeConfig {
  const fields = new Set(drift.map(({ field }) => field));
  const { other = {}, ...known } = wanted;
  const keep = (entries: object) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => fields.has(key)));
  return {
    ...keep(known),
    ...compact({ other: Object.keys(other).length > 0 ? keep(other) : undefined }),
  };
}
