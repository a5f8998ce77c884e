import { platform } from '#transport';
import { XmppError } from '../errors.js';
import type { Target } from './transport/types.js';
import type { SessionLog, SessionOptions, TlsOptions } from './types.js';

/** The options with every default filled in, checked once. */
export interface Settings {
  /** Where to connect; empty: wherever the domain's SRV records say. */
  readonly targets: readonly Target[];
  readonly lookUp: string | undefined;
  readonly domain: string;
  readonly username: string;
  readonly password: string;
  readonly resource: string | undefined;
  readonly tls: TlsOptions;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly ping: { readonly intervalMs: number; readonly timeoutMs: number } | false;
  readonly streamManagement: { readonly resumeSeconds: number } | false;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  readonly maxStanzaBytes: number;
  readonly log: SessionLog;
}

const SILENT: SessionLog = { debug: () => undefined, warn: () => undefined };

/** @throws XmppError `invalid-option` */
export function readOptions(options: SessionOptions): Settings {
  const { ping = {}, streamManagement = {}, backoff = {} } = options;
  const service = readService(options.service);
  return {
    ...service,
    domain: text('domain', options.domain, /^[^\s@/]+$/),
    username: text('username', options.username, /^[^@/]+$/),
    password: text('password', options.password, /./s),
    resource: options.resource === undefined ? undefined : text('resource', options.resource, /\S/),
    tls: readTls(options.tls ?? {}, service.targets),
    backoff: {
      initialMs: positive('backoff.initialMs', backoff.initialMs ?? 250),
      maxMs: positive('backoff.maxMs', backoff.maxMs ?? 15_000),
    },
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 10_000),
    requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs ?? 10_000),
    ping: ping && {
      intervalMs: positive('ping.intervalMs', ping.intervalMs ?? 8_000),
      timeoutMs: positive('ping.timeoutMs', ping.timeoutMs ?? 5_000),
    },
    streamManagement: streamManagement && {
      resumeSeconds: whole('streamManagement.resumeSeconds', streamManagement.resumeSeconds ?? 10),
    },
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? 256),
    maxWaiting: whole('maxWaiting', options.maxWaiting ?? 4_096),
    maxStanzaBytes: whole('maxStanzaBytes', options.maxStanzaBytes ?? 262_144),
    log: options.log ?? SILENT,
  };
}

function readService(service: string): Pick<Settings, 'targets' | 'lookUp'> {
  const refusal = platform.refusal(service);
  if (refusal !== undefined) throw invalid('service', service, refusal);
  if (/^[^\s/:@]+$/.test(service)) return { targets: [], lookUp: service };
  const url = URL.canParse(service) ? new URL(service) : undefined;
  if (url === undefined || url.hostname === '') {
    throw invalid('service', service, 'expected xmpp://host:port, xmpps://…, wss://… or a domain');
  }
  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = (standard: number) => (url.port === '' ? standard : Number(url.port));
  switch (url.protocol) {
    case 'xmpp:':
      return only({ kind: 'tcp', host, port: port(5222), directTls: false });
    case 'xmpps:':
      return only({ kind: 'tcp', host, port: port(5223), directTls: true });
    case 'ws:':
    case 'wss:':
      return only({ kind: 'websocket', url: service });
    default:
      throw invalid('service', service, 'its scheme is none of xmpp, xmpps, ws, wss');
  }
}

const only = (target: Target) => ({ targets: [target], lookUp: undefined });

function readTls(tls: TlsOptions, targets: readonly Target[]): TlsOptions {
  if (tls.ca === undefined) return tls;
  const refusal = targets.some(({ kind }) => kind === 'websocket')
    ? 'a WebSocket trusts the authorities that the platform trusts, and no others'
    : platform.caRefusal(tls.ca);
  if (refusal !== undefined) throw invalid('tls.ca', '…', refusal);
  return tls;
}

function text(name: string, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  // A password has no place in an error message.
  throw invalid(name, name === 'password' ? '' : value, 'it is empty or malformed');
}

function positive(name: string, value: number): number {
  if (value > 0 && value < 2 ** 31) return value;
  throw invalid(name, value, 'expected a positive number below 2^31');
}

function whole(name: string, value: number): number {
  if (Number.isInteger(value)) return positive(name, value);
  throw invalid(name, value, 'expected a whole number');
}

const invalid = (name: string, value: unknown, why: string) =>
  new XmppError('invalid-option', `Session option ${name} cannot be "${value}": ${why}`);
