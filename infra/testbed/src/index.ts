export { type Line, openLine } from '@heavylift/ejabberd';
export { now } from './clock.js';
export { type Crew, type CrewOptions, type Member, startCrew } from './crew.js';
export { type Filling, fillNodes } from './fill.js';
export { type Random, seededRandom } from './random.js';
export {
  type Answer,
  createRequester,
  type Requester,
  type RequesterOptions,
} from './requester.js';
export { type ServiceProcess, startService } from './service-process.js';
export { type SupervisedService, type SupervisorOptions, supervise } from './supervisor.js';
export { childrenOf, type Usage, usageOf } from './usage.js';
