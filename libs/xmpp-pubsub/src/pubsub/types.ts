export type * from './types/config.js';
export type * from './types/disco.js';
export type * from './types/event.js';
export type * from './types/form.js';
export type * from './types/node.js';
export type * from './types/replica.js';
export type * from './types/request.js';
export type * from './types/service.js';
