import { join } from 'node:path';
import { type Line, openLine } from '@heavylift/ejabberd';
import { type Provisioned, type ServiceRole, serviceEnv } from '@heavylift/provision';
import { serviceMain } from './service-process.js';
import { type SupervisedService, supervise } from './supervisor.js';

/** One service, and its way to the server. */
export interface Member extends SupervisedService {
  readonly role: ServiceRole;
  /** Undefined if it talks to the server directly. */
  readonly line?: Line;
}

export interface CrewOptions {
  readonly provisioned: Provisioned;
  readonly dispatchers: number;
  readonly notifiers: number;
  readonly lifters: number;
  /** Jobs a lifter runs at once. */
  readonly slots: number;
  /** For every service, or what differs by role and name. */
  readonly env?:
    | Readonly<Record<string, string>>
    | ((role: ServiceRole, name: string) => Readonly<Record<string, string>>);
  readonly imports?: readonly string[];
  readonly nodeArgs?: (name: string) => readonly string[];
  /** Folder for a log of each service. */
  readonly logs: string;
  /** Give each a line of its own that can be made bad. @default false */
  readonly lines?: boolean;
  readonly onStarted?: (name: string, pid: number) => void;
  readonly onEnded?: (name: string, pid: number, how: string) => void;
}

/** The services of a system. */
export interface Crew {
  readonly members: readonly Member[];
  of(role: ServiceRole): readonly Member[];
  stop(): Promise<void>;
}

/** Starts so many of each service. It does not wait until they are ready. */
export async function startCrew(options: CrewOptions): Promise<Crew> {
  const members: Member[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    await Promise.all(members.map((member) => member.line?.close()));
  };
  try {
    for (const role of ['dispatcher', 'notifier', 'lifter'] as const) {
      for (let index = 0; index < options[`${role}s`]; index += 1)
        members.push(await startMember(options, role, index));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { members, of: (role) => members.filter((member) => member.role === role), stop };
}

async function startMember(
  options: CrewOptions,
  role: ServiceRole,
  index: number,
): Promise<Member> {
  const { provisioned, slots, env = {}, imports, nodeArgs, logs, lines = false } = options;
  const name = `${role}-${index + 1}`;
  const line = lines ? await openLine(provisioned.service) : undefined;
  const service = await supervise({
    name,
    main: serviceMain(role),
    env: {
      ...serviceEnv(provisioned, role, index, { slots }),
      ...(line === undefined ? {} : { XMPP_SERVICE: line.service }),
      ...(typeof env === 'function' ? env(role, name) : env),
    },
    ...(imports === undefined ? {} : { imports }),
    ...(nodeArgs === undefined ? {} : { nodeArgs: nodeArgs(name) }),
    logFile: join(logs, `${name}.log`),
    onStarted: (pid) => options.onStarted?.(name, pid),
    onEnded: (pid, how) => options.onEnded?.(name, pid, how),
  });
  return {
    role,
    ...(line === undefined ? {} : { line }),
    name,
    get process() {
      return service.process;
    },
    signal: service.signal,
    restart: service.restart,
    stop: service.stop,
  };
}
