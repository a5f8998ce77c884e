/** What the processes that run handlers are given of the lifter's. */
import { LifterError } from '../errors.js';

export interface HandlersProcess {
  /** Under which user they run. @default the lifter's */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Options of the lifter that are secret, or say where more of them are. What handlers have of their own is called otherwise. */
const secrets = /^(?:XMPP_|OTEL_EXPORTER_)|^CONFIG_FILE$/;

/** Whether a variable of this name is kept from handlers. */
export function isSecretName(name: string): boolean {
  return secrets.test(name);
}

/** The lifter's environment, without what is secret. */
export function handlersEnvironment(all: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !isSecretName(name)));
}

/**
 * @param ids as in `10002:10002`
 * @throws LifterError if this process may not start others under another user
 */
export function handlersUser(ids: string | undefined): HandlersProcess {
  if (ids === undefined) return {};
  const [uid = 0, gid = 0] = ids.split(':').map(Number);
  if (process.getuid?.() !== 0 && process.getuid?.() !== uid) {
    throw new LifterError(
      'bad-user',
      `LIFTER_HANDLERS_USER is ${ids}, but the lifter does not run as root: it cannot start anything under another user`,
    );
  }
  return { user: { uid, gid } };
}

/** For `fork`. */
export function processOptions({ user }: HandlersProcess) {
  return {
    env: handlersEnvironment(),
    // Ctrl-C is the lifter's to hear; and with its group goes what the handlers have started.
    detached: true,
    execArgv: ['--enable-source-maps'],
    ...user,
  };
}
