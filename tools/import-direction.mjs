/**
 * Imports run one way: services → libs/service → libs/jobs → libs/xmpp-pubsub. What a package depends on stands in its package.json, and the
 * linter refuses an import that does not. In tests it does not look, so they are searched here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolders, readJson, root } from './run.mjs';

const libs = ['libs/xmpp-pubsub', 'libs/jobs', 'libs/service'];
const servers = ['infra/ejabberd', 'infra/prosody'];
const infra = [...servers, 'infra/provision'];

/** Which of our packages each may need, and its tests besides; and of others' packages any, unless said. */
const rules = [
  { folder: /^libs\/xmpp-pubsub$/, ours: [], tests: servers, others: /^@xmpp\// },
  {
    folder: /^libs\/job-client$/,
    ours: libs.slice(0, 2),
    tests: [...infra, 'infra/testbed'],
  },
  { folder: /^libs\/jobs$/, ours: libs.slice(0, 1), tests: servers },
  { folder: /^libs\/service$/, ours: libs.slice(0, 2), tests: servers },
  { folder: /^services\//, ours: libs, tests: infra },
  { folder: /^infra\/ejabberd$/, ours: [], tests: [] },
  { folder: /^infra\/prosody$/, ours: ['infra/ejabberd'], tests: [] },
  {
    folder: /^infra\/(chaos|bench|upgrade)$/,
    ours: [...libs, 'libs/job-client', ...infra, 'infra/testbed'],
    tests: [],
  },
  { folder: /^infra\//, ours: [...libs, ...infra], tests: [] },
];

/** @typedef {{ folder: string, manifest: Record<string, any> }} Package */

/** @returns {string[]} one line for each import or dependency against the direction */
export function againstDirection() {
  const packages = packageFolders().map((folder) => ({
    folder,
    manifest: readJson(`${folder}/package.json`),
  }));
  return [...forbiddenDependencies(packages), ...packages.flatMap(undeclaredInTests)];
}

/** @param {readonly Package[]} packages @returns {string[]} */
export function forbiddenDependencies(packages) {
  const folderOf = new Map(packages.map(({ folder, manifest }) => [manifest['name'], folder]));
  return packages.flatMap(({ folder, manifest }) => {
    const rule = rules.find((candidate) => candidate.folder.test(folder));
    if (rule === undefined) return [`${folder}: no rule says what it may depend on`];
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = manifest;
    const forbidden = [
      ...without({ ...dependencies, ...peerDependencies }, rule.ours, rule.others),
      ...without(devDependencies, [...rule.ours, ...rule.tests]),
    ];
    return forbidden.map((name) => `${folder}/package.json: must not depend on ${name}`);
  });

  /** @param {Record<string, string>} named @param {readonly string[]} ours @param {RegExp} [others] */
  function without(named, ours, others = /^/) {
    return Object.keys(named).filter((name) => {
      const folder = folderOf.get(name);
      return folder === undefined ? !others.test(name) : !ours.includes(folder);
    });
  }
}

/** @param {Package} tested */
function undeclaredInTests({ folder, manifest }) {
  const { dependencies = {}, devDependencies = {} } = manifest;
  return testFiles(folder).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    const imports = source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](@heavylift\/[\w-]+)/g);
    return [...new Set([...imports].map(([, name = '']) => name))]
      .filter((name) => !(name in dependencies || name in devDependencies))
      .filter((name) => name !== manifest['name'])
      .map((name) => `${file}: imports ${name}, which ${folder}/package.json does not name`);
  });
}

/** @param {string} folder */
function testFiles(folder) {
  const tests = join(folder, 'test');
  if (!existsSync(join(root, tests))) return [];
  return readdirSync(join(root, tests), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .map((name) => join(tests, name));
}
