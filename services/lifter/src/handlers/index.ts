/** What authors of handlers import. */
export type { HandlerContext, HandlerLog, JobInfo, LogDetails } from './context.js';
export { defineHandler, type Handler, type HandlerDefinition, type Isolation } from './define.js';
export { FinalError, ReleaseError } from './errors.js';
export type { ArgsOf, Field, Fields } from './fields.js';
