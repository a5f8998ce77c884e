import { contentOfFile, messageOf, nearest } from '@heavylift/service';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Condition, Policy, Rule } from './policy.js';

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
).refine(
  (patterns) => patterns.every((pattern) => /^[^\s@/]+(@[^\s@/]+)?$/.test(pattern)),
  'expected bare JIDs (no blanks, nothing after a slash), domains or *',
);

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

const ruleKeys = ['allow', 'deny', 'commands', 'arguments', 'others', 'reason'] as const;

const rule = z
  .strictObject({
    allow: jidPatterns.exactOptional(),
    deny: jidPatterns.exactOptional(),
    commands: oneOrMore('expected the name of a command, or a list of them').exactOptional(),
    arguments: z
      .record(z.string(), condition, 'expected conditions by the name of the argument')
      .exactOptional(),
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

function toRule({ allow, deny, arguments: conditions, ...rest }: z.infer<typeof rule>): Rule {
  return {
    effect: allow === undefined ? 'deny' : 'allow',
    who: allow ?? deny ?? [],
    ...rest,
    ...(conditions === undefined
      ? {}
      : {
          arguments: Object.fromEntries(
            Object.entries(conditions).map(([name, given]): [string, Condition] => [
              name,
              Array.isArray(given) ? { oneOf: given } : given,
            ]),
          ),
        }),
  };
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  const place = placeOf(issue.path);
  if (issue.code !== 'unrecognized_keys') return [`${place}: ${issue.message}`];
  const known = keysAt(issue.path.length);
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    return `${place}: ${key} is not known${meant === undefined ? '' : `. Is it ${meant}?`}`;
  });
}

const keysAt = (depth: number): readonly string[] =>
  depth === 0 ? fileKeys : depth === 2 ? ruleKeys : ['min', 'max'];

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
