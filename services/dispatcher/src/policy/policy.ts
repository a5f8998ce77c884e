import type { JsonObject } from '@heavylift/jobs';
import type { Clauses } from '../chat/clauses.js';
import { type Condition, type Conditions, clauseValues, type Effect, holds } from './conditions.js';
import { fitsGlob, fitsJid } from './glob.js';

export interface Rule {
  readonly effect: Effect;
  /** Patterns of bare JIDs, or of domains. */
  readonly who: readonly string[];
  /** Patterns of commands; without them every command but `exit`. */
  readonly commands?: readonly string[];
  /** By the argument's name. All have to hold; an argument that is not there fits none. */
  readonly arguments?: Conditions;
  /** When, where and how urgently, likewise. */
  readonly clauses?: Conditions;
  /** Of `allow`: jobs and schedules of others, too. */
  readonly others?: boolean;
  /** Of `deny`: what they are told. */
  readonly reason?: string;
}

export interface Policy {
  /** Patterns of those who may do everything. */
  readonly administrators: readonly string[];
  /** The first that fits decides. */
  readonly rules: readonly Rule[];
  /** Who may run commands where no rule fits. */
  readonly otherwise: 'own-users' | 'everyone' | 'nobody';
  /** Whose users are the own ones. */
  readonly domain: string;
}

/** What somebody wants to do. */
export interface Action {
  readonly command: string;
  /** Of a handler's command. Without them the question is whether there are any with which it may be run. */
  readonly args?: JsonObject;
  /** Behind the command; given if the arguments are. */
  readonly clauses?: Clauses;
  /** Whose job or schedule it is about: a bare JID. */
  readonly owner?: string;
}

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: Refusal };

export type Refusal =
  | { readonly kind: 'rule'; readonly reason?: string }
  /** What is asked for is an administrator's to do. */
  | { readonly kind: 'administrators-only' }
  /** It is about a job or schedule of somebody else. */
  | { readonly kind: 'not-yours' }
  /** It may be run, but not with these arguments. */
  | { readonly kind: 'arguments'; readonly argument: string; readonly condition: Condition }
  | { readonly kind: 'stranger' };

/** No pattern but its own name gives it to anybody. */
const reserved = 'exit';
const allowed: Decision = { allowed: true };

/** Whether somebody may do something. @param who bare JID, as the server stamped it */
export function decide(policy: Policy, who: string, action: Action): Decision {
  if (isAdministrator(policy, who) || action.owner === who) return allowed;
  const rule = policy.rules.find((candidate) => fits(candidate, who, action));
  if (rule?.effect === 'allow') return allowed;
  if (rule?.effect === 'deny') {
    return refused({
      kind: 'rule',
      ...(rule.reason === undefined ? {} : { reason: rule.reason }),
    });
  }
  if (!isServed(policy, who))
    return refused(argumentsInTheWay(policy, who, action) ?? { kind: 'stranger' });
  if (action.owner !== undefined) return refused({ kind: 'not-yours' });
  return action.command === reserved ? refused({ kind: 'administrators-only' }) : allowed;
}

export function isAdministrator({ administrators }: Policy, who: string): boolean {
  return administrators.some((pattern) => fitsJid(pattern, who));
}

function isServed({ otherwise, domain }: Policy, who: string): boolean {
  if (otherwise === 'own-users') return who.endsWith(`@${domain}`);
  return otherwise === 'everyone';
}

function refused(why: Refusal): Decision {
  return { allowed: false, why };
}

function fits(rule: Rule, who: string, action: Action): boolean {
  return isAbout(rule, who, action) && failing(rule, action) === undefined;
}

/** Everything but the arguments. */
function isAbout(rule: Rule, who: string, { command, owner }: Action): boolean {
  if (!rule.who.some((pattern) => fitsJid(pattern, who))) return false;
  const { commands = ['*'], effect, others = false } = rule;
  if (effect === 'deny') return commands.some((pattern) => fitsCommand(pattern, command));
  if (owner !== undefined && !others) return false;
  if (command === reserved) return commands.includes(reserved);
  return commands.some((pattern) => fitsCommand(pattern, command));
}

/** The first condition that does not hold. */
function failing(rule: Rule, { args, clauses = {} }: Action): [string, Condition] | undefined {
  const conditions = Object.entries(rule.arguments ?? {});
  const aboutClauses = Object.entries(rule.clauses ?? {});
  // Which arguments it will be is open: those that are allowed, and none that are denied.
  if (args === undefined)
    return rule.effect === 'allow' ? undefined : (conditions[0] ?? aboutClauses[0]);
  const own = new Map(Object.entries(args));
  const said = new Map(Object.entries(clauseValues(clauses)));
  return (
    conditions.find(([name, condition]) => !holds(condition, own.get(name), rule.effect)) ??
    aboutClauses.find(([name, condition]) => !holds(condition, said.get(name), rule.effect))
  );
}

/** Commands are in lower case; people need not know that. */
function fitsCommand(pattern: string, command: string): boolean {
  return fitsGlob(pattern.toLowerCase(), command.toLowerCase());
}

function argumentsInTheWay({ rules }: Policy, who: string, action: Action): Refusal | undefined {
  for (const rule of rules) {
    if (rule.effect !== 'allow' || !isAbout(rule, who, action)) continue;
    const [argument, condition] = failing(rule, action) ?? [];
    if (argument !== undefined && condition !== undefined)
      return { kind: 'arguments', argument, condition };
  }
  return undefined;
}
