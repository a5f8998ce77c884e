/**
 * Fetches the other releases of Node that we promise to run on, as `npm test -- --nodes` needs them. They come from npm, whose
 * packages `node-PLATFORM-ARCH` hold Node's own binaries, and are kept below `.heavylift/nodes/`.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmScript, root, runNode } from './run.mjs';

/** The releases after the oldest one of `engines.node`, exactly, so that a run can be repeated. */
export const otherNodes = ['22.23.3', '24.21.0'];

/**
 * @param {string} version
 * @returns {Promise<string>} the path of its `node`
 * @throws if npm cannot fetch it, with what npm said
 */
export async function fetchNode(version) {
  const packageName = `node-${process.platform}-${process.arch}`;
  const folder = join(root, '.heavylift/nodes', version);
  const executable = join(folder, 'node_modules', packageName, 'bin/node');
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  const spec = `${packageName}@${version}`;
  const options = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const { code, output } = await runNode([npmScript(), 'install', ...options, spec]);
  if (code === 0 && existsSync(executable)) return executable;
  throw new Error(`Node ${version} could not be fetched: npm install ${spec} said\n${output}`);
}
