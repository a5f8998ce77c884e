export * from './bot-message.js';
export type * from './domain/event.js';
export type * from './domain/failed-job.js';
export type * from './domain/handler.js';
export type * from './domain/job.js';
export * from './domain/json.js';
export type * from './domain/lifter.js';
export type * from './domain/order.js';
export * from './domain/reserved-names.js';
export type * from './domain/result.js';
export type * from './domain/schedule.js';
export * from './domain/sheet.js';
export type * from './domain/system.js';
export * from './duration.js';
export * from './errors.js';
export { isLateSheet, jobsInLateSheets, lateSheets } from './ledger/late.js';
export { NEW_ENTRY_BYTES, openLedger } from './ledger/ledger.js';
export { createLedgerReplica, readLedger } from './ledger/replica.js';
export { sheetsMissing } from './ledger/rules.js';
export type * from './ledger/types.js';
export * from './nodes.js';
export { ownText } from './own-text.js';
export { CONTROL_NAMESPACE, type ShutdownOrder, shutdownCodec } from './payloads/control.js';
export { EVENT_NAMESPACE, eventsCodec } from './payloads/events.js';
export { failedCodec } from './payloads/failed.js';
export { encodeForm } from './payloads/handler-form.js';
export { HANDLER_NAMESPACE, handlersCodec } from './payloads/handlers.js';
export { LIFTER_NAMESPACE, lifterCodec, runningQueryCodec } from './payloads/lifter.js';
export {
  answersCodec,
  mostOrders,
  ORDERS_NAMESPACE,
  ordersCodec,
} from './payloads/orders.js';
export { RESULT_NAMESPACE, resultsCodec } from './payloads/results.js';
export { SCHEDULE_NAMESPACE, scheduleBytesAtMost, scheduleCodec } from './payloads/schedule.js';
export { JOBS_NAMESPACE, lifterSheetCodec, sheetCodec } from './payloads/sheet.js';
export { jobBytesAtMost } from './payloads/size.js';
export { SYSTEM_NAMESPACE, systemCodec } from './payloads/system.js';
export * from './policies/admit.js';
export * from './policies/agenda.js';
export * from './policies/assign.js';
export {
  chooseLifter,
  type LifterLoad,
  type Limits,
  limitReached,
  takes,
  targetName,
} from './policies/choose.js';
export * from './policies/clocks.js';
export * from './policies/ending.js';
export * from './policies/ids.js';
export * from './policies/multicast.js';
export * from './policies/open-jobs.js';
export * from './policies/outcomes.js';
export * from './policies/pending.js';
export * from './policies/recall.js';
export * from './policies/reconcile.js';
export * from './policies/retry.js';
export * from './policies/tally.js';
export { defaultAgeingMs, type QueueOrder } from './policies/turns.js';
export * from './policies/waiting.js';
export { JSON_NAMESPACE, jsonElement, jsonText } from './xml/json.js';
export { readable } from './xml/readable.js';
