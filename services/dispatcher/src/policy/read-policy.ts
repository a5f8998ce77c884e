import { durationExamples, parseDuration } from '@heavylift/jobs';
import { contentOfFile, messageOf, nearest } from '@heavylift/service';
import { toBareJid } from '@heavylift/xmpp-pubsub';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Condition, type Conditions, clauseNames } from './conditions.js';
import type { Policy, Rule } from './policy.js';

/** What a policy file says. Whose users are the own ones, it need not: that is the server's domain. */
export type PolicyFile = Omit<Policy, 'domain'>;

export type PolicyOrProblems =
  | { readonly policy: PolicyFile }
  | { readonly problems: readonly string[] };

/** What holds without a file, and what a file leaves out. */
export const defaultPolicy: PolicyFile = { administrators: [], rules: [], otherwise: 'own-users' };

const oneOrMore = (expected: string) => {
  const one = z.string(expected).min(1, expected);
  return z.union([one.transform((word) => [word]), z.array(one).min(1)], expected);
};

const jidPatterns = oneOrMore(
  'expected a JID such as ada@example.org or *@example.org, a domain, or *; or a list of them',
)
  .refine(
    (patterns) => patterns.every((pattern) => /^[^\s@/]+(@[^\s@/]+)?$/.test(pattern)),
    'expected bare JIDs (no blanks, nothing after a slash), domains or *',
  )
  .transform((patterns) => patterns.map((pattern): string => toBareJid(pattern)));

const number = z.number('expected a number');
const scalar = z.union(
  [z.string(), z.number(), z.boolean()],
  'expected a text, a number, or yes or no',
);

const conditionExpected = 'expected a value, a list of values, or bounds: {min: 1, max: 10}';
const condition = z.union(
  [
    scalar.transform((value) => [String(value)]),
    z.array(scalar.transform(String)).min(1),
    z
      .strictObject({ min: number.exactOptional(), max: number.exactOptional() })
      .refine(({ min, max }) => min !== undefined || max !== undefined, conditionExpected),
  ],
  conditionExpected,
);

const spanExpected = `expected spans of time as bounds, such as {max: 1d}; ${durationExamples}`;
const span = z
  .string(spanExpected)
  .refine((text) => parseDuration(text) !== undefined, spanExpected)
  .transform((text) => parseDuration(text) ?? 0);
const spanBounds = z
  .strictObject({ min: span.exactOptional(), max: span.exactOptional() }, spanExpected)
  .refine(({ min, max }) => min !== undefined || max !== undefined, spanExpected);

/** Behind a command: when, where and how urgently. */
const clauses = z.strictObject({
  ...{ when: condition.exactOptional(), at: condition.exactOptional() },
  ...{ every: condition.exactOptional(), on: condition.exactOptional() },
  ...{ priority: condition.exactOptional() },
  ...{ in: spanBounds.exactOptional(), within: spanBounds.exactOptional() },
});

const ruleKeys = [
  ...['allow', 'deny', 'commands', 'arguments', 'clauses', 'others', 'reason'],
] as const;

const rule = z
  .strictObject({
    allow: jidPatterns.exactOptional(),
    deny: jidPatterns.exactOptional(),
    commands: oneOrMore('expected the name of a command, or a list of them').exactOptional(),
    arguments: z
      .record(z.string(), condition, 'expected conditions by the name of the argument')
      .exactOptional(),
    clauses: clauses.exactOptional(),
    others: z.boolean('expected true or false').exactOptional(),
    reason: z.string('expected a text').exactOptional(),
  })
  .refine(({ allow, deny }) => (allow === undefined) !== (deny === undefined), {
    message: 'expected either allow or deny, saying who',
  })
  .refine(({ deny, others }) => deny === undefined || others === undefined, {
    message:
      'others goes with allow: who is denied a command is denied it for all jobs but their own',
  })
  .refine(({ allow, reason }) => allow === undefined || reason === undefined, {
    message: 'reason goes with deny',
  });

const fileKeys = ['administrators', 'rules', 'otherwise'] as const;

const file = z.strictObject({
  administrators: jidPatterns.exactOptional(),
  rules: z.array(rule, 'expected a list of rules').exactOptional(),
  otherwise: z
    .enum(['own-users', 'everyone', 'nobody'], 'expected own-users, everyone or nobody')
    .exactOptional(),
});

/** Reads a policy file (YAML). The problems name the place and what was expected there. */
export function readPolicy(source: string): PolicyOrProblems {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ message, pos }) => {
        const { line, col } = lines.linePos(pos[0]);
        return `line ${line}, column ${col}: ${message}`;
      }),
    };
  }
  const content = plainContent(document);
  if ('problems' in content) return content;
  const parsed = file.safeParse(content.value ?? {});
  if (!parsed.success) return { problems: parsed.error.issues.flatMap(problemsOf) };
  const { administrators, rules, otherwise } = parsed.data;
  return {
    policy: {
      administrators: administrators ?? defaultPolicy.administrators,
      rules: rules?.map(toRule) ?? defaultPolicy.rules,
      otherwise: otherwise ?? defaultPolicy.otherwise,
    },
  };
}

/** An alias is what YAML takes a pattern for that begins with a star and is not quoted. */
function plainContent(
  document: ReturnType<typeof parseDocument>,
): { readonly value: unknown } | { readonly problems: readonly string[] } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { problems: [`${messageOf(error)}. What begins with * has to be in quotes: '*'`] };
  }
}

function toRule({
  allow,
  deny,
  arguments: conditions,
  clauses: aboutClauses,
  ...rest
}: z.infer<typeof rule>): Rule {
  return {
    effect: allow === undefined ? 'deny' : 'allow',
    who: allow ?? deny ?? [],
    ...rest,
    ...(conditions !== undefined && { arguments: conditionsIn(conditions) }),
    ...(aboutClauses !== undefined && { clauses: conditionsIn(aboutClauses) }),
  };
}

type Given = readonly string[] | Exclude<Condition, { oneOf: unknown }>;

function conditionsIn(given: Readonly<Record<string, Given | undefined>>): Conditions {
  const conditions: [string, Condition][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    conditions.push([name, isList(value) ? { oneOf: value } : value]);
  }
  return Object.fromEntries(conditions);
}

const isList = (given: Given): given is readonly string[] => Array.isArray(given);

function problemsOf(issue: z.core.$ZodIssue): string[] {
  const place = placeOf(issue.path);
  if (issue.code !== 'unrecognized_keys') return [`${place}: ${issue.message}`];
  const known = keysAt(issue.path);
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    return `${place}: ${key} is not known${meant === undefined ? '' : `. Is it ${meant}?`}`;
  });
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return fileKeys;
  if (path.length === 2) return ruleKeys;
  return path.at(-1) === 'clauses' ? clauseNames : ['min', 'max'];
}

/** `rules[2].commands`, counted from 1 as people do. */
function placeOf(path: readonly PropertyKey[]): string {
  const place = path
    .map((key) => (typeof key === 'number' ? `[${key + 1}]` : `.${String(key)}`))
    .join('');
  return place === '' ? 'the file' : place.replace(/^\./, '');
}

/** The path of a policy file, as an option; the value is what the file says. */
export function policyFile(): z.ZodType<PolicyFile, string> {
  return contentOfFile('the path of a policy file (YAML, docs/policy.md)')
    .transform((source, context): PolicyFile => {
      const read = readPolicy(source);
      if ('policy' in read) return read.policy;
      for (const message of read.problems) context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .describe('the path of a policy file (YAML, docs/policy.md)');
}
