/** A process that imports one module of handlers, and tells the lifter what it defines. */
import { provideOwnPackage } from './own-package.js';
import { type Loaded, loadModule, problemOf } from './registry.js';

const moduleUrl = process.argv[2] ?? '';

const tell = (loaded: Loaded) =>
  process.send?.({ type: 'described', ...loaded }, () => process.exit());

process.on('uncaughtException', ({ message }) =>
  tell({ handlers: [], problems: [problemOf(moduleUrl, message)] }),
);
process.on('disconnect', () => process.exit());

provideOwnPackage(moduleUrl);
const loaded = await loadModule(moduleUrl);
// What it forgot to catch is known of by then.
await new Promise(setImmediate);
tell(loaded);
