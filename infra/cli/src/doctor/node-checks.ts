import { type NodePlan, type NodeRole, nodeName, nodePlans, nodeRoles } from '@heavylift/jobs';
import type { ServiceRole } from '@heavylift/provision';
import { messageOf, pubsubJid } from '@heavylift/service';
import {
  connectPubSub,
  discoverPubSub,
  hasCondition,
  type PubSubService,
  type Session,
} from '@heavylift/xmpp-pubsub';
import xml, { type Element } from '@xmpp/xml';
import { doubt, type Finding, right, unseen, wrong } from './finding.js';
import type { Mends } from './mends.js';
import type { Patient } from './patient.js';

const accountRoles = { dispatcher: 'bot', notifier: 'notifier', lifter: 'lifter' } as const;
const needed = ['publish', 'subscribe', 'retrieve-items', 'persistent-items', 'retract-items'];

/** The PubSub service and its nodes, as the service's own account sees them. */
export async function checkNodes(
  session: Session,
  patient: Patient,
  mends: Mends,
): Promise<Finding[]> {
  const { config, role } = patient;
  const pubsub = connectPubSub(session, { jid: pubsubJid(config) });
  const service = await checkService(session, pubsub, config.XMPP_DOMAIN);
  if (service.some(({ verdict }) => verdict === 'wrong')) return service;
  const own = await ownStanding(pubsub);
  const nodes: Finding[] = [];
  const names: string[] = [];
  for (const node of nodeRoles) {
    const plan = nodePlans[node];
    if (plan.affiliations[accountRoles[role]] === undefined) continue;
    const name = nodeName(node, config.NODE_PREFIX);
    names.push(name);
    nodes.push(...(await checkNode(session, pubsub, { node, name, plan, role, own, mends })));
  }
  return [...service, ...(hasLostAll(nodes, own, names) ? [rightsLost(mends)] : nodes)];
}

/** Nodes are there, and the account is nothing of any: nobody takes it all away by hand, one node after the other. */
const hasLostAll = (
  findings: readonly Finding[],
  own: Standing,
  names: readonly string[],
): boolean =>
  findings.some(({ code }) => code === 'node.affiliation') &&
  !findings.some(({ code }) => code === 'node.missing') &&
  !names.some((name) => own.affiliations.has(name) || own.subscribed.has(name));

const rightsLost = ({ provisionWidening }: Mends): Finding =>
  wrong(
    'node.rights-lost',
    'the nodes are there, and the account has lost all rights in them, as after `ejabberdctl restore`',
    `If the server was restored so: restore it by \`ejabberdctl install_fallback FILE\` and a restart (docs/deploying.md, Backup). Otherwise: ${provisionWidening}`,
  );

async function checkService(
  session: Session,
  pubsub: PubSubService,
  domain: string,
): Promise<Finding[]> {
  const jid = pubsub.jid.toString();
  try {
    const { identities } = await pubsub.info();
    if (!identities.some(({ category }) => category === 'pubsub')) {
      throw new Error('it is something else');
    }
  } catch (error) {
    const found = await discoverPubSub(session, domain).catch(() => undefined);
    const others = found?.services.map((service) => service.jid.toString()) ?? [];
    const mend =
      others.length === 0
        ? 'Enable mod_pubsub, or set PUBSUB_SERVICE.'
        : `Set PUBSUB_SERVICE; ${domain} names ${others.join(', ')}. The account's own (PEP) will not do.`;
    return [wrong('pubsub.missing', `${jid} is no PubSub service: ${messageOf(error)}`, mend)];
  }
  const features = await pubsub.features();
  const missing = needed.filter((feature) => !features.has(feature));
  if (missing.length > 0) {
    const mend = 'Take another backend or plugin (mod_pubsub: flat).';
    return [wrong('pubsub.features', `${jid} lacks ${missing.join(', ')}`, mend)];
  }
  const findings = [right('pubsub', `${jid} has what is needed`)];
  if (!features.has('config-node-max')) {
    const mend = 'See to it that max_items of the ledger is far above the jobs that may be open.';
    findings.push(doubt('pubsub.max-items', 'it may not know max_items=max', mend));
  }
  return findings;
}

interface Standing {
  readonly affiliations: ReadonlyMap<string, string>;
  readonly subscribed: ReadonlySet<string>;
}

async function ownStanding(pubsub: PubSubService): Promise<Standing> {
  const affiliations = await pubsub.affiliations();
  const subscriptions = await pubsub.subscriptions();
  return {
    affiliations: new Map(affiliations.map(({ node, affiliation }) => [node, affiliation])),
    subscribed: new Set(
      subscriptions.filter(({ state }) => state === 'subscribed').flatMap(({ node }) => node ?? []),
    ),
  };
}

interface NodeCase {
  readonly node: NodeRole;
  readonly name: string;
  readonly plan: NodePlan;
  readonly role: ServiceRole;
  readonly own: Standing;
  readonly mends: Mends;
}

async function checkNode(
  session: Session,
  pubsub: PubSubService,
  { node, name, plan, role, own, mends }: NodeCase,
): Promise<Finding[]> {
  const payload = xml('query', { xmlns: 'http://jabber.org/protocol/disco#info', node: name });
  let info: Element | undefined;
  try {
    info = await session.request({ type: 'get', to: pubsub.jid.toString(), payload });
  } catch (error) {
    if (hasCondition(error, 'item-not-found')) {
      return [wrong('node.missing', `there is no node ${name}`, mends.provision)];
    }
    return [unseen('node', `${name}: ${messageOf(error)}`)];
  }
  const findings = [
    ...models(node, name, plan, info, mends),
    ...standing(name, plan, role, own, mends),
  ];
  if (findings.length > 0) return findings;
  const what = plan.affiliations[accountRoles[role]];
  return [right('node', `${name} is there, and the account is ${what} of it`)];
}

/** XEP-0060 section 5.4: what is told to everybody. */
function models(
  node: NodeRole,
  name: string,
  { config }: NodePlan,
  info: Element | undefined,
  { provision }: Mends,
): Finding[] {
  const access = metadata(info, 'pubsub#access_model');
  const publish = metadata(info, 'pubsub#publish_model');
  const findings: Finding[] = [];
  const accessIsFree = node === 'results' && access !== undefined;
  if (access !== undefined && access !== config.accessModel && !accessIsFree) {
    const text = `${name} can be read by others: access model ${access}, not ${config.accessModel}`;
    findings.push(wrong('node.access-model', text, provision));
  }
  if (publish !== undefined && publish !== config.publishModel) {
    const text = `${name} can be written by others: publish model ${publish}, not ${config.publishModel}`;
    findings.push(wrong('node.publish-model', text, provision));
  }
  return findings;
}

function metadata(info: Element | undefined, field: string): string | undefined {
  const fields = info?.getChildren('x').flatMap((form) => form.getChildren('field')) ?? [];
  return fields.find(({ attrs }) => attrs['var'] === field)?.getChildText('value') ?? undefined;
}

function standing(
  name: string,
  plan: NodePlan,
  role: ServiceRole,
  own: Standing,
  mends: Mends,
): Finding[] {
  const account = accountRoles[role];
  const wanted = plan.affiliations[account] ?? 'none';
  const is = own.affiliations.get(name) ?? 'none';
  const findings: Finding[] = [];
  const enough = is === wanted || is === 'owner' || (wanted === 'member' && is === 'publisher');
  if (!enough) {
    const text = `the account is ${is} of ${name}, not ${wanted}`;
    findings.push(wrong('node.affiliation', text, mends.provisionWidening));
  }
  if (plan.subscribers.includes(account) && !own.subscribed.has(name)) {
    findings.push(
      wrong('node.subscription', `the account is not subscribed to ${name}`, mends.provision),
    );
  }
  return findings;
}

/** The whole configuration of the nodes, which only an owner sees. */
export async function checkConfiguration(
  session: Session,
  { config }: Patient,
  { provision }: Mends,
): Promise<Finding[]> {
  const pubsub = connectPubSub(session, { jid: pubsubJid(config) });
  const findings: Finding[] = [];
  for (const role of nodeRoles) {
    const name = nodeName(role, config.NODE_PREFIX);
    try {
      const plan = nodePlans[role].config;
      const { exists, drift } = await pubsub.getOrCreate(name, plan, undefined, { check: true });
      const differs = drift.filter(
        ({ field, was }) =>
          was !== undefined &&
          // Whom the results are open to is for the operator to say.
          !(role === 'results' && field === 'accessModel'),
      );
      for (const { field, was, wanted } of differs) {
        const text = `${field} of ${name} is ${was}, not ${wanted}`;
        findings.push(wrong(`node.${kebab(field)}`, text, provision));
      }
      // The account itself says so of the nodes that it needs.
      if (exists && differs.length === 0) {
        findings.push(right('node.configuration', `${name} is configured as wanted`));
      }
    } catch (error) {
      findings.push(hasCondition(error, 'forbidden') ? notOwned(name) : unconfigured(name, error));
    }
  }
  return findings;
}

const unconfigured = (name: string, error: unknown): Finding =>
  unseen('node.configuration', `${name}: ${messageOf(error)}`);

const notOwned = (name: string): Finding =>
  wrong(
    'node.not-owned',
    `${name} does not belong to the administrator, so \`heavylift provision\` cannot set it right`,
    'Name the account that made the nodes by --admin. Was the server restored by `ejabberdctl restore`, nobody owns them: restore it by `ejabberdctl install_fallback FILE` and a restart (docs/deploying.md, Backup).',
  );

const kebab = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
