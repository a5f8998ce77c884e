import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { envFileNames, infra } from './files.js';

const service = z.strictObject({
  image: z.string(),
  build: z
    .strictObject({
      context: z.literal('../..'),
      dockerfile: z.literal('infra/docker/service.Dockerfile'),
      args: z.strictObject({
        BASE: z.string().regex(/^\$\{NODE_IMAGE:-node:20-slim\}$/),
        SERVICE: z.enum(['dispatcher', 'notifier', 'lifter', 'cli']),
      }),
    })
    .optional(),
  profiles: z.array(z.string()).optional(),
  restart: z.enum(['no', 'on-failure', 'unless-stopped']),
  hostname: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  tmpfs: z.array(z.string()).optional(),
  networks: z.union([
    z.array(z.string()),
    z.record(z.string(), z.strictObject({ aliases: z.array(z.string()).optional() })),
  ]),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.literal('service_healthy') }))
    .optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  healthcheck: z.record(z.string(), z.unknown()).optional(),
  stop_grace_period: z.string().optional(),
  command: z.array(z.string()).optional(),
  deploy: z.strictObject({ replicas: z.number() }).optional(),
  secrets: z
    .array(z.union([z.string(), z.strictObject({ source: z.string(), target: z.string() })]))
    .optional(),
});

const file = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean().optional() })),
  volumes: z.record(z.string(), z.strictObject({})),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
});

type Service = z.infer<typeof service>;

const files = [
  {
    name: 'single.yaml',
    processes: { dispatcher: 1, notifier: 1, lifter: 2, cli: 1 },
    servers: 1,
  },
  {
    name: 'cluster.yaml',
    processes: { dispatcher: 2, notifier: 2, lifter: 4, cli: 1 },
    servers: 2,
  },
] as const;

describe.each(files)('infra/compose/$name', ({ name, processes, servers }) => {
  const compose = file.parse(parse(infra(`compose/${name}`), { merge: true }));
  const all = Object.entries(compose.services);
  const ours = all.flatMap(([key, one]) => {
    const role = /:-heavylift\/(\w+):latest\}$/.exec(one.image)?.[1];
    return role === undefined ? [] : [{ key, one, role }];
  });
  const sourcesOf = ({ secrets = [] }: Service): string[] =>
    secrets.map((secret) => (typeof secret === 'string' ? secret : secret.source));

  it('has as many of each as it says', () => {
    const count: Record<string, number> = {};
    for (const { one, role } of ours)
      count[role] = (count[role] ?? 0) + (one.deploy?.replicas ?? 1);
    expect(count).toEqual(processes);
    expect(all.length - ours.length).toBe(servers);
  });

  it('builds each image once', () => {
    const built = all.flatMap(([, { build }]) => (build === undefined ? [] : build.args.SERVICE));
    expect(built.sort()).toEqual(Object.keys(processes).sort());
  });

  it('names only networks, volumes, secrets and services that it has', () => {
    for (const [, { networks, volumes = [], depends_on = {}, ...rest }] of all) {
      const names = Array.isArray(networks) ? networks : Object.keys(networks);
      expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining(names));
      const named = volumes
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((v) => /^\w/.test(v));
      expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
      expect(Object.keys(compose.services)).toEqual(
        expect.arrayContaining(Object.keys(depends_on)),
      );
      expect(Object.keys(compose.secrets)).toEqual(
        expect.arrayContaining(sourcesOf({ networks, ...rest })),
      );
    }
  });

  it('lets no service of ours be root, write, or see the password of another', () => {
    for (const { key, one, role } of ours) {
      expect(one).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      const expected = role === 'cli' ? 'admin-password' : key;
      expect(sourcesOf(one)).toEqual([expected]);
    }
  });

  it('gives services the files that `heavylift provision` writes, and starts none again after `exit`', () => {
    const read = Object.values(compose.secrets)
      .map((secret) => secret.file)
      .filter((path) => path.startsWith('./env/'))
      .map((path) => path.slice('./env/'.length));
    expect(read.sort()).toEqual(envFileNames(processes.lifter));
    for (const { one } of ours) {
      const { restart, profiles, environment } = one;
      if (profiles !== undefined) continue;
      expect(restart).toBe('on-failure');
      expect(environment).toEqual({ CONFIG_FILE: '/run/secrets/service.env' });
    }
  });

  it('provisions as many lifters as there are', () => {
    expect(compose.services['provision']?.command).toContain(`--lifters=${processes.lifter}`);
  });
});
