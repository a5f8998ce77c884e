/** One place at which a server may listen. */
export type Target =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** TLS from the first byte (XEP-0368) instead of STARTTLS. */
      readonly directTls: boolean;
    }
  | { readonly kind: 'websocket'; readonly url: string };

export interface DialOptions {
  /** Whom the certificate must name, whatever the host is called. */
  readonly domain: string;
  /** PEM of an authority to trust instead of the system's. */
  readonly ca: string | undefined;
  /** Aborted: the attempt is given up, and no socket of it is left. */
  readonly signal: AbortSignal;
  readonly events: TransportEvents;
}

export interface TransportEvents {
  /** Decoded text; a character never comes in halves. */
  text(chunk: string): void;
  /** After a `write` that returned false: there is room again. */
  drained(): void;
  /** Once, and last. */
  closed(error: Error | undefined): void;
}

/** A byte stream or WebSocket to a server. */
export interface Transport {
  /** Encrypted, with a certificate that was checked. */
  readonly secure: boolean;
  /** The other end is on this machine. */
  readonly loopback: boolean;
  /** One message a stanza (RFC 7395) instead of one long document. */
  readonly framed: boolean;
  /** @returns false if the caller should wait for `drained` before it writes more */
  write(stanzas: readonly string[]): boolean;
  /** Encrypts what was plain so far (RFC 6120 section 5). */
  startTls(): Promise<void>;
  /** Closes now. */
  destroy(): void;
}

/** What differs between Node and a browser. */
export interface Platform {
  /** Why this service URL cannot be used here, if so. */
  refusal(service: string): string | undefined;
  /** Why this certificate authority cannot be used here, if so. */
  caRefusal(pem: string): string | undefined;
  /** Where the domain says its servers are (RFC 6120 section 3.2), best first. */
  lookUp(domain: string, signal: AbortSignal): Promise<readonly Target[]>;
  dial(target: Target, options: DialOptions): Promise<Transport>;
}
