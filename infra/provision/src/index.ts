export type { Account } from './accounts.js';
export { type Change, describeChange } from './changes.js';
export { ProvisionError, type ProvisionErrorCode } from './errors.js';
export {
  type Provisioned,
  type ProvisionOptions,
  provision,
  type TlsSettings,
  type UserOptions,
} from './provision.js';
export {
  type LifterEnvOptions,
  type ServiceEnv,
  type ServiceRole,
  serviceEnv,
} from './service-env.js';
