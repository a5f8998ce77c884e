import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EjabberdServer,
  makeTestCa,
  startEjabberdContainer,
  type TestCa,
} from '@heavylift/ejabberd';
import { envFiles, provision, writeEnvFiles } from '@heavylift/provision';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logIn, type Person } from './chat.js';
import { buildAll, type Docker, dockerOf, imageOf, requirements, services } from './engine.js';
import { forProduction } from './production.js';

const LABEL = 'org.heavylift.test=images';
const found = await requirements('images of the services');

/** What compose and the manifests of Kubernetes set. */
const CONFINED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];

describe.skipIf(found === undefined)(
  'images of the services, and ejabberd as in production',
  () => {
    let docker: Docker;
    let server: EjabberdServer;
    let ca: TestCa;
    let dir: string;
    /** That of the server: its ports are on the loopback interface of all that is run beside it. */
    let network: string;
    const ann = { username: 'ann', password: 'secret' };
    let person: Person | undefined;

    beforeAll(async () => {
      if (found === undefined) return;
      docker = dockerOf(found.engine);
      await removeLeftovers();
      const { base } = found;
      await buildAll(docker, base);
      ca = await makeTestCa();
      dir = await mkdtemp(join(tmpdir(), 'heavylift-images-'));
      const caFile = join(dir, 'ca.pem');
      await writeFile(caFile, ca.certificate, { mode: 0o644 });
      server = await startEjabberdContainer({
        engine: found.engine,
        image: found.server,
        tls: await ca.issue(['localhost']),
        configure: forProduction,
      });
      const { port } = new URL(server.service);
      const name = await docker('ps', '--format={{.Names}}', `--filter=publish=${port}`);
      network = `--network=container:${name}`;
      const plan = await provision({
        service: server.service,
        domain: server.domain,
        admin: server.admin,
        tls: { caFile },
        lifters: 1,
        extraUsers: [ann],
      });
      await writeEnvFiles(dir, envFiles(plan));
    }, 600_000);

    afterAll(async () => {
      await person?.stop();
      await removeLeftovers();
      await server?.stop();
      await docker?.('image', 'prune', '--force', '--filter=label=org.heavylift.stage=files');
      if (dir !== undefined) await rm(dir, { recursive: true });
    });

    async function removeLeftovers(): Promise<void> {
      const names = await docker('ps', '--all', '--quiet', `--filter=label=${LABEL}`);
      if (names !== '') await docker('rm', '--force', ...names.split('\n'));
    }

    /** Options by which a service of this image reaches the server, as `heavylift provision` set it up. */
    const configured = (file: string, healthPort: number): readonly string[] => [
      ...CONFINED,
      network,
      `--env-file=${join(dir, file)}`,
      `--volume=${join(dir, 'ca.pem')}:/ca.pem:ro`,
      '--env=XMPP_TLS_CA_FILE=/ca.pem',
      '--env=XMPP_SERVICE=xmpp://127.0.0.1:5222',
      `--env=HEALTH_PORT=${healthPort}`,
    ];

    const files = {
      dispatcher: 'dispatcher.env',
      notifier: 'notifier.env',
      lifter: 'lifter-1.env',
    };
    const ports = { dispatcher: 9464, notifier: 9465, lifter: 9466 };
    const containers = new Map<(typeof services)[number], string>();

    async function start(service: (typeof services)[number]): Promise<void> {
      const options = configured(files[service], ports[service]);
      // A second is for the test; the interval in the image is for machines that have more to do.
      const args = [
        '--detach',
        `--label=${LABEL}`,
        '--health-interval=1s',
        ...options,
        imageOf(service),
      ];
      containers.set(service, await docker('run', ...args));
    }
    const container = (service: (typeof services)[number]): string => containers.get(service) ?? '';

    it.each([...services, 'cli'])('%s adds at most 60 MB to the base image', async (service) => {
      const size = async (image: string) =>
        Number(await docker('image', 'inspect', '--format={{.Size}}', image));
      const added = (await size(imageOf(service))) - (await size(found?.base ?? ''));
      expect(added).toBeGreaterThan(1_000_000);
      expect(added).toBeLessThan(60_000_000);
    });

    it.each(services)(
      '%s tells what configuration it would run with, passwords masked',
      async (service) => {
        const options = configured(files[service], ports[service]);
        const said = await docker('run', '--rm', ...options, imageOf(service), '--check-config');
        expect(said).toMatch(/XMPP_SERVICE.*xmpp:\/\/127\.0\.0\.1:5222/);
        expect(said).toContain('NODE_PREFIX');
        expect(said).not.toMatch(/XMPP_PASSWORD\s*=?\s*[\w-]{20}/);
      },
    );

    it('end with 2 when the configuration is wrong', async () => {
      const wrong = docker(
        'run',
        '--rm',
        ...CONFINED,
        '--env=LIFTER_SLOST=1',
        'heavylift-test/lifter',
      );
      await expect(wrong).rejects.toMatchObject({ code: 2 });
    });

    it('find nothing wrong with the server, by the doctor', async () => {
      const options = configured('dispatcher.env', 9467);
      const said = await docker('run', '--rm', ...options, 'heavylift-test/cli', 'doctor');
      expect(said).toMatch(/✓ tls: TLSv1\.3/);
      expect(said).toMatch(/✓ mechanism: SCRAM-SHA-256/);
      expect(said).toMatch(/✓ limit\.shaper/);
      expect(said).not.toContain('✗');
    });

    it('run a job from the request to the answer, on a file system that cannot be written', async () => {
      for (const service of services) await start(service);
      const { service, domain } = server;
      person = await logIn({ service, domain, ...ann, tls: { ca: ca.certificate } });
      await person.liftOnce(40_000);
    }, 120_000);

    it.each(services)('%s is healthy', async (service) => {
      await vi.waitFor(
        async () =>
          expect(
            await docker('inspect', '--format={{.State.Health.Status}}', container(service)),
          ).toBe('healthy'),
        { timeout: 30_000, interval: 500 },
      );
    });

    it.each(services)('%s runs as nobody in particular, and cannot write', async (service) => {
      const tell = `
      const { getuid, getgid } = process;
      try { require('fs').writeFileSync('/app/x', ''); } catch ({ code }) {
        console.log(getuid(), getgid(), code);
      }`;
      expect(await docker('exec', container(service), 'node', '-e', tell)).toBe(
        '10001 10001 EROFS',
      );
    });

    it.each(services)('%s ends in order when it is stopped', async (service) => {
      await docker('stop', '--time=30', container(service));
      expect(await docker('inspect', '--format={{.State.ExitCode}}', container(service))).toBe('0');
    });
  },
);
