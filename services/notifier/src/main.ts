import { runService } from '@heavylift/service';
import { notifierOptions } from './config.js';
import { composeNotifier } from './module.js';

await runService({ name: 'notifier', schema: notifierOptions, compose: composeNotifier });
