/** Where all contenders meet. */
export interface Arena {
  /** `xmpp://host:port` */
  readonly service: string;
  readonly domain: string;
  readonly pubsub: string;
  readonly publisher: string;
  readonly subscriber: string;
  readonly password: string;
  readonly node: string;
}

/** One way to publish and to hear of it: a session of the publisher's and one of the subscriber's. */
export interface Contender {
  /** Resolves when the service has confirmed it. */
  publish(id: string, text: string): Promise<void>;
  /** Where each event goes from now on, by the id of its item. */
  onEvent(listener: (id: string, text: string) => void): void;
  close(): Promise<void>;
}

export type Enter = (arena: Arena) => Promise<Contender>;

export const NS_PUBSUB = 'http://jabber.org/protocol/pubsub';
export const NS_EVENT = `${NS_PUBSUB}#event`;
export const NS_NOTE = 'urn:example:note';
