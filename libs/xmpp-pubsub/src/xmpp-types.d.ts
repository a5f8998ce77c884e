// What @types of the @xmpp packages, and the compiler's ES2023, leave out.

declare module '@xmpp/websocket/lib/FramedParser.js' {
  import { Parser } from '@xmpp/xml';

  /** Each WebSocket message is an element of its own (RFC 7395 section 3.3). */
  export default class FramedParser extends Parser {}
}

/** ES2024; in Node from 20 on, and in every browser since 2023. */
interface String {
  isWellFormed(): boolean;
}
