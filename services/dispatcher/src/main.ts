import { runService } from '@heavylift/service';
import { dispatcherOptions } from './config.js';
import { composeDispatcher } from './module.js';

await runService({ name: 'dispatcher', schema: dispatcherOptions, compose: composeDispatcher });
