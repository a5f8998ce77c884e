export { type FindSettings, findProsody, type Installation } from './installation.js';
export { type ProsodyOptions, type ProsodyServer, startProsody } from './start.js';
