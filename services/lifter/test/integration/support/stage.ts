import { type EjabberdServer, startEjabberd } from '@heavylift/ejabberd';
import { type Provisioned, provision, serviceEnv } from '@heavylift/provision';
import { build } from '../../support/build.js';
import { type Announced, type Dispatcher, startDispatcher } from './dispatcher.js';
import { killLifters, type LifterProcess, startLifter } from './process.js';

/** A lifter that runs, and under what name it has announced itself. */
export interface Performer extends LifterProcess {
  readonly jid: string;
  readonly announced: Announced;
}

/** A server with everything in its place, and the dispatcher's part free for the test. */
export interface Stage extends AsyncDisposable {
  readonly server: EjabberdServer;
  readonly provisioned: Provisioned;
  /** Starts an epoch higher than all before. */
  lead(): Promise<Dispatcher>;
  /** What tells the process of a lifter who and where it is. */
  lifterEnv(index: number): Readonly<Record<string, string>>;
  /** Starts a lifter and waits until it is ready. */
  lift(dispatcher: Dispatcher, env?: Readonly<Record<string, string>>): Promise<Performer>;
}

export async function setStage(): Promise<Stage> {
  build();
  const server = await startEjabberd();
  const provisioned = await provision({
    service: server.service,
    domain: server.domain,
    admin: server.admin,
    tls: { allowPlaintextOnLoopback: true },
    pubsubJid: server.pubsub,
    lifters: 2,
    extraUsers: [{ username: 'stranger' }],
  });
  // Above 1, so that there is something below.
  let epoch = 10;
  const leading: Dispatcher[] = [];
  return {
    server,
    provisioned,
    async lead() {
      const dispatcher = await startDispatcher(provisioned, ++epoch);
      leading.push(dispatcher);
      return dispatcher;
    },
    lifterEnv: (index) => serviceEnv(provisioned, 'lifter', index, { slots: 4 }),
    async lift(dispatcher, env = {}) {
      const lifter = startLifter({
        ...serviceEnv(provisioned, 'lifter', 0, { slots: 4 }),
        LIFTER_CANCEL_GRACE_SECONDS: '1',
        ...env,
      });
      await lifter.logged('ready');
      const announced = await dispatcher.lifterNamed('lifter-1');
      return { ...lifter, announced, jid: announced.from };
    },
    async [Symbol.asyncDispose]() {
      await killLifters();
      for (const dispatcher of leading) await dispatcher.stop();
      await server.stop();
    },
  };
}
