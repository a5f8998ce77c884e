/** What takes next to no time to load: for threads and processes that are started for one handler. */
export * from './domain/json.js';
export * from './domain/reserved-names.js';
export { readable } from './xml/readable.js';
