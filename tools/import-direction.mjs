/**
 * Imports run one way: services → libs/service → libs/jobs → libs/xmpp-pubsub. The linter refuses an import that the package's own
 * package.json does not name, so it is enough to look at what each names.
 */
import { packageFolders, readJson } from './run.mjs';

const libs = ['libs/xmpp-pubsub', 'libs/jobs', 'libs/service'];

/** What a package may need at run time: of ours, and of others' (any, unless restricted). */
const rules = [
  { folder: /^libs\/xmpp-pubsub$/, ours: [], others: /^@xmpp\// },
  { folder: /^libs\/jobs$/, ours: libs.slice(0, 1) },
  { folder: /^libs\/service$/, ours: libs.slice(0, 2) },
  { folder: /^services\//, ours: libs },
  { folder: /^infra\/(ejabberd|prosody)$/, ours: [] },
  { folder: /^infra\//, ours: [...libs, 'infra/ejabberd', 'infra/prosody', 'infra/provision'] },
];

/** Tests may use the servers and provisioning besides, and infra/ejabberd and infra/prosody nothing of ours. */
const forTests = ['infra/ejabberd', 'infra/prosody', 'infra/provision'];

/**
 * @param {readonly { folder: string, manifest: Record<string, any> }[]} packages
 * @returns {string[]} one line for each forbidden dependency
 */
export function forbiddenDependencies(packages) {
  const folderOf = new Map(packages.map(({ folder, manifest }) => [manifest['name'], folder]));
  return packages.flatMap(({ folder, manifest }) => {
    const rule = rules.find((candidate) => candidate.folder.test(folder));
    if (rule === undefined) return [`${folder}: no rule says what it may depend on`];
    const bare = rule.ours.length === 0 && folder.startsWith('infra/');
    const testsMay = bare ? [] : [...rule.ours, ...forTests];
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest;
    return [
      ...forbidden({ ...dependencies, ...peerDependencies }, rule.ours, rule.others),
      ...forbidden(devDependencies, testsMay),
    ].map((name) => `${folder}/package.json: must not depend on ${name}`);
  });

  /** @param {Record<string, string>} named @param {readonly string[]} ours @param {RegExp} [others] */
  function forbidden(named, ours, others = /^/) {
    return Object.keys(named).filter((name) => {
      const folder = folderOf.get(name);
      return folder === undefined ? !others.test(name) : !ours.includes(folder);
    });
  }
}

export const workspacePackages = () =>
  packageFolders().map((folder) => ({ folder, manifest: readJson(`${folder}/package.json`) }));
