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
  cap_add: z.array(z.string()).optional(),
  pids_limit: z.number().optional(),
  mem_limit: z.string().optional(),
  entrypoint: z.array(z.string()).optional(),
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

const prometheus = z.looseObject({
  scrape_configs: z.array(
    z.looseObject({ dns_sd_configs: z.array(z.looseObject({ names: z.array(z.string()) })) }),
  ),
});

/** As `heavylift provision --compose-file` has it. */
const ownLifters = { 'single.yaml': 2, 'cluster.yaml': 4 };

type Service = z.infer<typeof service>;

const files = [
  {
    name: 'single.yaml',
    processes: { dispatcher: 1, notifier: 1, lifter: 2, cli: 2 },
    servers: 1,
  },
  {
    name: 'cluster.yaml',
    processes: { dispatcher: 2, notifier: 2, lifter: 4, cli: 2 },
    servers: 2,
  },
] as const;

describe.each(files)('infra/compose/$name', ({ name, processes, servers }) => {
  const compose = file.parse(parse(infra(`compose/${name}`), { merge: true }));
  const all = Object.entries(compose.services);
  const ours = all.flatMap(([key, one]) => {
    const role = /:-heavylift\/(\w+):\$\{HEAVYLIFT_VERSION:-[\d.]+\}\}$/.exec(one.image)?.[1];
    return role === undefined ? [] : [{ key, one, role }];
  });
  const sourcesOf = ({ secrets = [] }: Service): string[] =>
    secrets.map((secret) => (typeof secret === 'string' ? secret : secret.source));

  it('has as many of each as it says', () => {
    const count: Record<string, number> = {};
    for (const { one, role } of ours)
      count[role] = (count[role] ?? 0) + (one.deploy?.replicas ?? 1);
    expect(count).toEqual(processes);
    expect(all.length - ours.length - 1).toBe(servers);
    expect(compose.services).toHaveProperty('prometheus');
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

  it('confines every container, the server too: no privileges, a root that is read-only, bounds', () => {
    for (const [key, one] of all) {
      expect([key, one]).toEqual([
        key,
        expect.objectContaining({
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          pids_limit: expect.any(Number),
          mem_limit: expect.any(String),
        }),
      ]);
    }
  });

  it('names a version of every image: there is one to go back to', () => {
    for (const [, { image }] of all) {
      expect(image).not.toMatch(/:latest/);
      expect(image).toMatch(/:-?v?[\d.]+\}*$/);
    }
  });

  it('gives health and metrics to Prometheus, which finds each kind of service by its name', () => {
    const scraped = prometheus.parse(parse(infra('observability/prometheus-compose.yaml')));
    const names = scraped.scrape_configs.flatMap((job) =>
      job.dns_sd_configs.flatMap((sd) => sd.names),
    );
    expect(names.sort()).toEqual(['dispatcher', 'lifter', 'notifier']);
    for (const { one, role } of ours.filter(({ role }) => role !== 'cli')) {
      expect(one.environment).toMatchObject({ HEALTH_HOST: '0.0.0.0' });
      if (role === 'lifter') expect(one.networks).toEqual({ xmpp: { aliases: ['lifter'] } });
    }
  });

  it('has a doctor that knows how to provision here', () => {
    const { doctor } = compose.services;
    expect(doctor?.profiles).toEqual(['doctor']);
    expect(doctor?.entrypoint).toEqual(expect.arrayContaining(['doctor', '--env-dir=/env']));
    expect(doctor?.environment).toEqual({
      HEAVYLIFT_PROVISION_COMMAND: `docker compose -f ${name} run --rm provision`,
    });
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
      expect(environment).toMatchObject({ CONFIG_FILE: '/run/secrets/service.env' });
    }
  });

  it('provisions as many lifters as there are', () => {
    const { entrypoint } = compose.services['provision'] ?? {};
    expect(entrypoint).toContain(`--lifters=${processes.lifter}`);
    expect(entrypoint).toContain(`--compose-base=${name}`);
    expect(ownLifters[name]).toBe(processes.lifter);
  });
});
