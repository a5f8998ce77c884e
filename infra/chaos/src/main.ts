import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, findEngine, STATE_DIR, startEjabberdContainer } from '@heavylift/ejabberd';
import { type ChaosOptions, parseChaosArgs, usage } from './args.js';
import { details, passed, summary } from './report.js';
import { run } from './run.js';
import { type Scenario, scenarios } from './scenarios.js';
import { type Site, startCluster, startSingle } from './site.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const parsed = parseChaosArgs(
  process.argv.slice(2),
  scenarios.map(({ name }) => name),
);
switch (parsed.kind) {
  case 'help':
    say(usage);
    say('\nScenarios:');
    for (const { name, summary: text } of scenarios) say(`  ${name.padEnd(27)} ${text}`);
    break;
  case 'wrong':
    process.stderr.write(`${parsed.message} See --help.\n`);
    process.exitCode = 2;
    break;
  case 'run':
    await runAll(parsed.options);
}

async function runAll(options: ChaosOptions): Promise<void> {
  say(`seed ${options.seed}, ${options.ms / 60_000} min each, ${options.rate} jobs a second`);
  for (const scenario of scenarios) {
    if (options.scenarios.includes(scenario.name) && !(await runOne(scenario, options)))
      process.exitCode = 1;
  }
}

async function runOne(scenario: Scenario, options: ChaosOptions): Promise<boolean> {
  const engine = scenario.site === 'container' ? await findEngine() : undefined;
  if (typeof engine === 'string') {
    say(`- ${scenario.name}: skipped, ${engine}`);
    return true;
  }
  const dir = join(STATE_DIR, 'chaos', `${scenario.name}-${options.seed}`);
  const startSite = scenario.site === 'cluster' ? startCluster : () => startOne(engine);
  try {
    const outcome = await run(scenario, { ...options, dir, startSite });
    say(summary(scenario, outcome));
    for (const line of details(outcome, scenario.tolerates)) say(`  ${line}`);
    const isGood = passed(outcome.verdict, scenario.tolerates);
    if (isGood && !options.keep) await rm(dir, { recursive: true, force: true });
    else say(`  history and logs: ${dir}`);
    return isGood;
  } catch (error) {
    say(`✗ ${scenario.name}: ${error instanceof Error ? error.stack : String(error)}`);
    say(`  history and logs: ${dir}`);
    return false;
  }
}

function startOne(engine: Engine | undefined): Promise<Site> {
  if (engine === undefined) return startSingle();
  const image = process.env['EJABBERD_IMAGE'];
  return startSingle(() =>
    startEjabberdContainer({ engine, ...(image === undefined ? {} : { image }) }),
  );
}
