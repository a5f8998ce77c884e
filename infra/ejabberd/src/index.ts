export {
  type ClusterNode,
  type ClusterOptions,
  type ClusterSession,
  type EjabberdCluster,
  startEjabberdCluster,
} from './cluster.js';
export { ADMIN, DOMAIN, type EjabberdConfig, NODE_OWNERS, PUBSUB_SERVICE } from './config.js';
export {
  CONTAINER,
  type ContainerOptions,
  containerConfig,
  type Engine,
  ensureImage,
  findEngine,
  OFFICIAL_IMAGE,
  startEjabberdContainer,
} from './container.js';
export { EXTERNAL_VARIABLES } from './external.js';
export { type FindOptions, type FoundServer, findServer } from './find.js';
export { findInstallation, type Installation } from './installation.js';
export { hasApt, type UnpackOptions, unpackPackages } from './launch/debian.js';
export { isLaunchError, LaunchError, type LaunchErrorCode } from './launch/error.js';
export { makeTestCa, type TestCa } from './launch/test-ca.js';
export { type Line, openLine } from './line.js';
export { anyInstallation, STATE_DIR, unpackedInstallation } from './packages.js';
export type { Credentials, EjabberdServer, PrivateServer, XmppServer } from './server.js';
export { type EjabberdOptions, startEjabberd } from './start.js';
