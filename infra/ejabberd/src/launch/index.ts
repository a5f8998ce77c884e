/** What it takes to run a server as a private child process; shared with `@heavylift/prosody`. */
export { hasApt, type UnpackOptions, unpackPackages } from './debian.js';
export { isLaunchError, LaunchError, type LaunchErrorCode } from './error.js';
export { exists } from './files.js';
export {
  type Command,
  type Launch,
  type Launched,
  launch,
  type Place,
  portTaken,
} from './private.js';
export { type Features, isListening, type ProbeOptions, streamFeatures } from './probe.js';
export { findProgram, type RunOptions, run } from './run.js';
