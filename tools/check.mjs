/**
 * `npm test`: every check, in order, and a closing line `N passed, N failed, N skipped`. All of them run even if one fails, so that one
 * run tells everything. `--lint`, `--unit`, `--integration` and `--nodes` run only that part. `--nodes` is the unit tests on the other
 * releases of Node that we promise to run on; without options it is left out unless `CI` is set.
 *
 * In continuous integration (`CI` is set) an integration test that fails is tried once more. One that passes only then is named above
 * the closing line, `flaky: …`: it fails nobody's run, and is a bug.
 *
 * The tools are called once for the whole workspace and not once a package through Nx: Biome, `tsc --build` and vitest share their
 * start-up that way, which on a small machine takes longer than the work. The Nx targets `lint`, `typecheck` and `test` do the same a
 * package, with a cache, for `nx affected`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { stalePages } from './docs.mjs';
import { againstDirection } from './import-direction.mjs';
import { fetchNode, otherNodes } from './other-nodes.mjs';
import { binOf, root, runNode, seconds } from './run.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number, notes: string[], flaky: string[] }} Count */
/** @typedef {{ ok: boolean, output: string, count?: Count }} Outcome */

const { values: only } = parseArgs({
  options: {
    lint: { type: 'boolean' },
    unit: { type: 'boolean' },
    integration: { type: 'boolean' },
    nodes: { type: 'boolean' },
  },
});
const all = Object.keys(only).length === 0;

const total = noTests();
if (all || only.lint) {
  const biome = ['check', '--error-on-warnings', '--max-diagnostics=none', '.'];
  await step('lint', tool('@biomejs/biome', 'biome', ...biome));
  await step('import direction', async () => importDirection());
  await step('generated documentation', generatedDocs);
}
if (all) {
  await step('project references', tool('nx', 'nx', 'sync:check'));
  await step('types', typeCheck);
}
if (all || only.unit) await step('unit tests', vitest('*:unit'));
if (all || only.integration) {
  const retry = process.env['CI'] ? ['--retry=1'] : [];
  await step('integration tests', vitest('*:integration', ...retry));
}
if ((all && process.env['CI']) || only.nodes) {
  for (const version of otherNodes)
    await step(`unit tests on Node ${version}`, () => unitTestsOn(version));
}

process.exitCode = total.failed === 0 ? 0 : 1;
process.stdout.write(total.flaky.map((test) => `\nflaky: ${test}`).join(''));
process.stdout.write(
  `\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
);

/**
 * A step that fails without a failed test, as lint does, counts as one failure.
 * @param {string} name @param {() => Promise<Outcome>} work
 */
async function step(name, work) {
  const began = performance.now();
  // Some steps take minutes: whoever watches sees which one it is.
  if (process.stdout.isTTY) process.stdout.write(`… ${name}\r`);
  const { ok, output, count = noTests() } = await work();
  const tests = count.passed + count.failed + count.skipped;
  const details = tests === 0 ? '' : `, ${count.passed} of ${tests} passed`;
  process.stdout.write(`${ok ? '✓' : '✗'} ${name} (${seconds(began)}${details})\n`);
  for (const note of count.notes) process.stdout.write(`  ${note}\n`);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
  total.passed += count.passed;
  total.failed += ok ? 0 : Math.max(1, count.failed);
  total.skipped += count.skipped;
  total.flaky.push(...count.flaky);
}

/** @returns {Count} */
function noTests() {
  return { passed: 0, failed: 0, skipped: 0, notes: [], flaky: [] };
}

/** @param {string} packageName @param {string} command @param {string[]} args */
function tool(packageName, command, ...args) {
  return toolOn(process.execPath, packageName, command, ...args);
}

/** What the tool starts as `node` is the same Node. @param {string} node @param {string} packageName @param {string} command @param {string[]} args */
function toolOn(node, packageName, command, ...args) {
  return async () => {
    const PATH = [dirname(node), process.env['PATH']].join(delimiter);
    const env = { NX_DAEMON: 'false', NX_TUI: 'false', PATH };
    const { code, output } = await runNode([binOf(packageName, command), ...args], { env, node });
    return { ok: code === 0, output };
  };
}

/** @param {string} version @returns {Promise<Outcome>} */
async function unitTestsOn(version) {
  try {
    return await vitestOn(await fetchNode(version), '*:unit', '--retry=1')();
  } catch (error) {
    return { ok: false, output: String(error) };
  }
}

/** @returns {Outcome} */
function importDirection() {
  const problems = againstDirection();
  return { ok: problems.length === 0, output: problems.join('\n') };
}

/** @returns {Promise<Outcome>} */
async function generatedDocs() {
  const problems = await stalePages();
  return { ok: problems.length === 0, output: problems.join('\n') };
}

async function typeCheck() {
  const packages = await tool('@typescript/native', 'tsc', '--build')();
  const tools = await tool('@typescript/native', 'tsc', '--project', 'tsconfig.tools.json')();
  return { ok: packages.ok && tools.ok, output: packages.output + tools.output };
}

/** @param {string} project a pattern of names @param {string[]} options */
function vitest(project, ...options) {
  return vitestOn(process.execPath, project, ...options);
}

/** @param {string} node @param {string} project @param {string[]} options */
function vitestOn(node, project, ...options) {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heavylift-check-'));
    try {
      const report = join(folder, 'report.json');
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
      const args = ['run', '--project', project, ...reporters, ...options];
      const { ok, output } = await toolOn(node, 'vitest', 'vitest', ...args)();
      return { ok, output, count: countTests(report) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** @param {string} path of vitest's JSON report; without one, vitest itself failed @returns {Count} */
function countTests(path) {
  /** @type {{ testResults: { name: string, status: string, assertionResults: { status: string, fullName: string, ancestorTitles: string[], failureMessages: string[] }[] }[] }} */
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { ...noTests(), notes: ['no report: the test runner did not finish'] };
  }
  const count = noTests();
  for (const { name, status, assertionResults } of report.testResults) {
    const of = (/** @type {string} */ wanted) =>
      assertionResults.filter((test) => test.status === wanted);
    const failed = of('failed').length;
    const skipped = assertionResults.length - of('passed').length - failed;
    count.passed += of('passed').length;
    // A file that could not even be loaded has no tests, and has failed.
    count.failed += status === 'failed' ? Math.max(1, failed) : failed;
    count.skipped += skipped;
    // A test that passed has failures to tell if it was tried again.
    for (const { fullName, failureMessages } of of('passed')) {
      const [first] = failureMessages;
      if (first === undefined) continue;
      count.flaky.push(`${relative(root, name)}: ${fullName}\n  ${first.split('\n', 1)[0]}`);
    }
    if (skipped > 0) {
      const suites = new Set(
        assertionResults
          .filter((test) => test.status !== 'passed' && test.status !== 'failed')
          .map((test) => test.ancestorTitles[0] ?? 'no suite'),
      );
      count.notes.push(
        `skipped: ${skipped} in ${relative(root, name)} (${[...suites].join('; ')})`,
      );
    }
  }
  return count;
}
