import {
  clockBehind,
  clockJump,
  connection,
  type Fault,
  freeze,
  kill,
  killAnyone,
  killNode,
  misconfigure,
  oneOf,
  rollingRestart,
  server,
  stallWriting,
  trimResults,
} from './faults.js';
import type { Tolerable } from './report.js';

/** What goes wrong, again and again. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** Undefined: nothing. */
  readonly fault?: Fault;
  /** Quiet time between two faults, in milliseconds: at least and at most. */
  readonly pauseMs: readonly [number, number];
  /**
   * What it may bring about: that somebody is told again, where a notifier or the server dies or loses its connection; second results
   * of a job, where somebody is stopped or cut off, or results get lost. @default neither
   */
  readonly tolerates?: readonly Tolerable[];
  /** In a container: skipped where there is no engine. @default one private child process */
  readonly site?: 'container' | 'cluster';
  /** Every node is filled to its limits before the services start. @default empty */
  readonly nodes?: 'full';
}

const both: readonly Tolerable[] = ['repeated', 'secondResults'];

export const scenarios: readonly Scenario[] = [
  { name: 'calm', summary: 'nothing breaks', pauseMs: [1_000, 1_000] },
  {
    name: 'kill-lifter',
    summary: 'SIGKILL to a lifter',
    fault: kill('lifter'),
    pauseMs: [1_000, 6_000],
  },
  {
    name: 'kill-dispatcher',
    summary: 'SIGKILL to a dispatcher',
    fault: kill('dispatcher'),
    pauseMs: [1_000, 10_000],
  },
  {
    name: 'kill-notifier',
    summary: 'SIGKILL to a notifier',
    fault: kill('notifier'),
    tolerates: ['repeated'],
    pauseMs: [1_000, 10_000],
  },
  {
    name: 'kill-anyone',
    summary: 'SIGKILL to any service, often',
    fault: killAnyone,
    tolerates: ['repeated'],
    pauseMs: [200, 4_000],
  },
  {
    name: 'full',
    summary: 'SIGKILL to any service, with every node filled to its limits',
    fault: killAnyone,
    tolerates: ['repeated'],
    pauseMs: [8_000, 15_000],
    nodes: 'full',
  },
  {
    name: 'kill-dispatcher-and-lifter',
    summary: 'SIGKILL to a dispatcher and a lifter at the same moment',
    fault: kill('dispatcher', 'lifter'),
    pauseMs: [2_000, 10_000],
  },
  {
    name: 'freeze-lifter',
    summary: 'SIGSTOP to a lifter for longer than the grace time, then SIGCONT',
    fault: freeze('lifter'),
    tolerates: ['secondResults'],
    pauseMs: [1_000, 5_000],
  },
  {
    name: 'freeze-dispatcher',
    summary: 'SIGSTOP to a dispatcher, then SIGCONT',
    fault: freeze('dispatcher'),
    tolerates: ['secondResults'],
    pauseMs: [3_000, 8_000],
  },
  {
    name: 'freeze-notifier',
    summary: 'SIGSTOP to a notifier, then SIGCONT',
    fault: freeze('notifier'),
    tolerates: both,
    pauseMs: [3_000, 8_000],
  },
  {
    name: 'cut',
    summary: 'a connection is cut, between two stanzas or inside one',
    fault: connection('cut', 'cut-inside'),
    tolerates: both,
    pauseMs: [500, 4_000],
  },
  {
    name: 'black-hole',
    summary: 'what a service and the server say to each other vanishes for a while',
    fault: connection('black-hole'),
    tolerates: both,
    pauseMs: [2_000, 8_000],
  },
  {
    name: 'slow',
    summary: 'a connection is slow for a while',
    fault: connection('slow'),
    tolerates: both,
    pauseMs: [1_000, 4_000],
  },
  {
    name: 'stall',
    summary:
      'the network holds back what a service and the server say to each other, and delivers it later',
    fault: oneOf(stallWriting, stallWriting, connection('stall')),
    tolerates: both,
    pauseMs: [2_000, 6_000],
  },
  {
    name: 'server-stop',
    summary: 'SIGTERM to the server, then it is started again',
    fault: server('SIGTERM'),
    tolerates: both,
    pauseMs: [8_000, 15_000],
  },
  {
    name: 'server-kill',
    summary: 'SIGKILL to the server, then it is started again',
    fault: server('SIGKILL'),
    tolerates: both,
    pauseMs: [8_000, 15_000],
  },
  {
    name: 'rolling-restart',
    summary: 'SIGTERM to the server and to each service in turn',
    fault: rollingRestart,
    tolerates: both,
    pauseMs: [2_000, 5_000],
  },
  {
    name: 'clock-jump',
    summary: "a service's time of day jumps by up to two hours",
    fault: oneOf(clockJump, clockJump, killAnyone),
    tolerates: ['repeated'],
    pauseMs: [2_000, 6_000],
  },
  {
    name: 'clock-behind',
    summary: 'a dispatcher takes over whose clock is up to two hours behind that of the one before',
    fault: clockBehind,
    tolerates: ['repeated'],
    pauseMs: [2_000, 5_000],
  },
  {
    name: 'node-configuration',
    summary: 'limits, subscriptions and rights at the nodes are changed, then put right',
    fault: misconfigure,
    tolerates: ['secondResults'],
    pauseMs: [3_000, 8_000],
  },
  {
    name: 'results-trimmed',
    summary: 'results are purged or retracted, and services killed',
    fault: oneOf(trimResults, trimResults, kill('notifier'), kill('dispatcher')),
    tolerates: both,
    pauseMs: [1_000, 5_000],
  },
  {
    name: 'container',
    summary: 'the server, in a container, is killed and started again',
    fault: server('SIGKILL'),
    tolerates: both,
    pauseMs: [8_000, 15_000],
    site: 'container',
  },
  {
    name: 'cluster',
    summary: 'a node of a cluster of two servers is killed and started again',
    fault: killNode(),
    tolerates: both,
    pauseMs: [8_000, 15_000],
    site: 'cluster',
  },
];
