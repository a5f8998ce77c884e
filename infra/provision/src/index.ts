export type { Account } from './accounts.js';
export { type Change, describeChange, describeLack } from './changes.js';
export { type EnvFileChange, envFiles, passwordsIn, writeEnvFiles } from './env-files.js';
export { ProvisionError, type ProvisionErrorCode } from './errors.js';
export type { ProvisionOptions, TlsSettings, UserOptions } from './options.js';
export { type ProvisionPlan, planProvision } from './plan.js';
export { type PasswordOptions, type Provisioned, provision, setPassword } from './provision.js';
export {
  type LifterEnvOptions,
  type ServiceEnv,
  type ServiceRole,
  serviceEnv,
} from './service-env.js';
