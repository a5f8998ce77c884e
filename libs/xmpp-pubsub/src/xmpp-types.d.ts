// What @types of the @xmpp packages leave out or get wrong.

declare module '@xmpp/websocket/lib/FramedParser.js' {
  import { Parser } from '@xmpp/xml';

  /** Each WebSocket message is an element of its own (RFC 7395 section 3.3). */
  export default class FramedParser extends Parser {}
}
