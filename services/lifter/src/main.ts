import { runService } from '@heavylift/service';
import { lifterOptions } from './config.js';
import { forgetVariables } from './initial-environment.js';
import { composeLifter } from './module.js';
import { isSecretName } from './runner/environment.js';

await runService({
  name: 'lifter',
  schema: lifterOptions,
  compose(config) {
    // They have been read. Handlers are to find them nowhere.
    const areSecretsHidden = forgetVariables(isSecretName);
    return composeLifter(config, { areSecretsHidden });
  },
});
