export * from './bot-message.js';
export * from './nodes.js';
