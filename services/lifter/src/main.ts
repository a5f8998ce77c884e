import { runService } from '@heavylift/service';
import { lifterOptions } from './config.js';
import { composeLifter } from './module.js';

await runService({ name: 'lifter', schema: lifterOptions, compose: composeLifter });
