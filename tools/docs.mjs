/**
 * Writes the tables of the documentation that are made from the sources: options of the services, metrics. `npm run docs` writes them,
 * `npm run lint` says when they are stale.
 *
 * A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`; all else on the page is written by hand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defaultServerConditions, runnerImport } from 'vite';
import { root } from './run.mjs';

/** @typedef {{ name: string, description: string, expected: string, ifNotGiven: string, secret: boolean }} OptionDescription */
/** @typedef {{ name: string, kind: string, help: string, labels: readonly string[] }} Metric */

/** The pages, and the tables in each. @type {Record<string, Record<string, () => Promise<string>>>} */
const pages = {
  'docs/configuration.md': { options: optionsTable },
  'docs/observability.md': { metrics: metricsTable },
};

/** @returns {Promise<{ page: string, is: string, shouldBe: string }[]>} */
async function allPages() {
  return Promise.all(
    Object.entries(pages).map(async ([page, tables]) => {
      const is = readFileSync(join(root, page), 'utf8');
      let shouldBe = is;
      for (const [name, table] of Object.entries(tables)) {
        shouldBe = withTable(page, shouldBe, name, await table());
      }
      return { page, is, shouldBe };
    }),
  );
}

/** @returns {Promise<string[]>} one line for each page that is not as the sources say */
export async function stalePages() {
  const stale = (await allPages()).filter(({ is, shouldBe }) => is !== shouldBe);
  return stale.map(({ page }) => `${page}: a table is stale; \`npm run docs\` writes it anew`);
}

/** @param {string} page @param {string} content @param {string} name @param {string} table */
function withTable(page, content, name, table) {
  const begin = `<!-- table: ${name} -->\n`;
  const end = '<!-- end of table -->';
  const from = content.indexOf(begin);
  const to = content.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${page} has no place for the table ${name}`);
  return `${content.slice(0, from + begin.length)}\n${table}\n${content.slice(to)}`;
}

async function optionsTable() {
  const { describeOptions, processOptions } = await source('libs/service/src/index.ts');
  const names = readdirSync(join(root, 'services')).sort();
  /** Options that are the same in several services share a row. @type {Map<string, { option: OptionDescription, users: string[] }>} */
  const rows = new Map();
  for (const name of names) {
    const config = await source(`services/${name}/src/config.ts`);
    const schema = { ...config[`${name}Options`], ...processOptions };
    for (const option of /** @type {OptionDescription[]} */ (describeOptions(schema))) {
      const row = rows.get(JSON.stringify(option)) ?? { option, users: [] };
      row.users.push(name);
      rows.set(JSON.stringify(option), row);
    }
  }
  const sorted = [...rows.values()].sort(
    (a, b) => b.users.length - a.users.length || (a.users[0] ?? '').localeCompare(b.users[0] ?? ''),
  );
  return markdownTable(
    ['option', 'of', 'what it is for', 'what may be given', 'if not given'],
    sorted.map(({ option: { name, description, expected, ifNotGiven, secret }, users }) => [
      secret ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``,
      users.length === names.length ? 'all' : users.join(', '),
      description,
      expected,
      ifNotGiven === 'required' ? '**required**' : ifNotGiven,
    ]),
  );
}

async function metricsTable() {
  const { metricCatalogue } = await source('libs/service/src/metrics/catalogue.ts');
  return markdownTable(
    ['metric', 'of', 'kind', 'labels', 'what it says'],
    Object.entries(metricCatalogue).flatMap(([giver, group]) =>
      Object.values(group).map(({ name, kind, help, labels }) => [
        `\`${name}\``,
        giver,
        kind,
        labels.map((/** @type {string} */ label) => `\`${label}\``).join(', '),
        help,
      ]),
    ),
  );
}

/** @param {string[]} head @param {string[][]} rows */
function markdownTable(head, rows) {
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

/** A module of ours as its source is now, whether or not it has been compiled. @param {string} path */
async function source(path) {
  const conditions = ['@heavylift/source', ...defaultServerConditions];
  const { module } = await runnerImport(join(root, path), {
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { conditions },
    ssr: { resolve: { conditions } },
  });
  return /** @type {Record<string, any>} */ (module);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { page, is, shouldBe } of await allPages()) {
    if (is !== shouldBe) writeFileSync(join(root, page), shouldBe);
    process.stdout.write(`${is === shouldBe ? 'unchanged' : 'written'}: ${page}\n`);
  }
}
