import { type Engine, ensureImage, findEngine, OFFICIAL_IMAGE } from '../../src/index.js';

export interface EngineAndImage {
  readonly engine: Engine;
  readonly image: string;
}

/** A Docker engine with an image of ejabberd; without, says loudly what is skipped and why. */
export async function engineAndImage(suite: string): Promise<EngineAndImage | undefined> {
  const image = process.env['EJABBERD_IMAGE'] || OFFICIAL_IMAGE;
  const engine = await findEngine();
  if (typeof engine === 'string') return skipped(suite, engine);
  try {
    await ensureImage(engine, image);
  } catch (error) {
    return skipped(suite, `${image}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { engine, image };
}

function skipped(suite: string, why: string): undefined {
  // Where the engine is provided, its absence is a failure.
  if (process.env['CONTAINER_SUITES'] === 'required') throw new Error(`${suite}: ${why}`);
  const line = '*'.repeat(100);
  process.stderr.write(`\n${line}\nSKIPPED: ${suite}, because ${why}\n${line}\n\n`);
}
