import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { envFileNames, infra } from './files.js';

const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'),
  kind: z.literal('Kustomization'),
  namespace: z.string(),
  resources: z.array(z.string()),
  labels: z.array(z.strictObject({ pairs: z.record(z.string(), z.string()) })),
  images: z.array(z.strictObject({ name: z.string(), newTag: z.string() })),
  secretGenerator: z.array(z.strictObject({ name: z.string(), files: z.array(z.string()) })),
});

const resource = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

const probe = z.looseObject({ httpGet: z.strictObject({ path: z.string(), port: z.string() }) });

const labels = z.record(z.string(), z.string());
const workload = resource.extend({
  spec: z.looseObject({
    replicas: z.number(),
    serviceName: z.string().optional(),
    selector: z.strictObject({ matchLabels: labels }),
    template: z.strictObject({
      metadata: z.strictObject({ labels }),
      spec: z.looseObject({
        enableServiceLinks: z.literal(false),
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.looseObject({
          runAsNonRoot: z.literal(true),
          runAsUser: z.literal(10_001),
        }),
        containers: z.tuple([
          z.looseObject({
            image: z.string(),
            livenessProbe: probe,
            startupProbe: probe,
            readinessProbe: probe,
            securityContext: z.strictObject({
              allowPrivilegeEscalation: z.literal(false),
              readOnlyRootFilesystem: z.literal(true),
              capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
            }),
            resources: z.looseObject({
              limits: z.strictObject({ memory: z.string(), 'ephemeral-storage': z.string() }),
            }),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(
          z.looseObject({
            name: z.string(),
            secret: z.looseObject({ secretName: z.string() }).optional(),
          }),
        ),
      }),
    }),
  }),
});

const kustomize = kustomization.parse(parse(infra('kubernetes/kustomization.yaml')));
const resources = kustomize.resources.flatMap((path) =>
  parseAllDocuments(infra(`kubernetes/${path}`)).map((document) => {
    expect(document.errors).toEqual([]);
    const content: unknown = document.toJS();
    return resource.parse(content);
  }),
);
const workloads = resources
  .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
  .map((content) => workload.parse(content));

describe('infra/kubernetes', () => {
  it('runs each service, and nothing twice', () => {
    const names = resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(workloads.map(({ metadata }) => metadata.name)).toEqual([
      'dispatcher',
      'notifier',
      'lifter',
    ]);
    expect(kustomize.images.map(({ name }) => name)).toEqual(
      workloads.map(({ spec }) => spec.template.spec.containers[0].image),
    );
  });

  it('names a version of every image: there is one to go back to', () => {
    for (const { newTag } of kustomize.images) expect(newTag).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('asks whether a service lives in order to restart it, and whether it works in order to roll on', () => {
    for (const { spec } of workloads) {
      const [container] = spec.template.spec.containers;
      expect(container.livenessProbe.httpGet.path).toBe('/livez');
      expect(container.startupProbe.httpGet.path).toBe('/livez');
      expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    }
  });

  it('selects the pods that it makes', () => {
    for (const { spec } of workloads)
      expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
  });

  it('mounts what is there: secrets of what `heavylift provision` writes', () => {
    const secrets = kustomize.secretGenerator.map(({ name }) => name);
    for (const { spec } of workloads) {
      const { containers, volumes } = spec.template.spec;
      expect(containers[0].volumeMounts.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['configuration']),
      );
      for (const mount of containers[0].volumeMounts)
        expect(volumes.map(({ name }) => name)).toContain(mount.name);
      for (const { secret } of volumes)
        if (secret !== undefined) expect(secrets).toContain(secret.secretName);
    }
    const lifters = workloads.find(({ kind }) => kind === 'StatefulSet')?.spec.replicas ?? 0;
    const files = kustomize.secretGenerator
      .flatMap((secret) => secret.files)
      .map((file) => file.replace(/^.*env\//, ''));
    expect(files.sort()).toEqual(envFileNames(lifters));
  });

  it('shows a lifter its own file alone', () => {
    const lifter = workloads.find(({ kind }) => kind === 'StatefulSet');
    expect(lifter?.spec).toMatchObject({ ordinals: { start: 1 }, serviceName: 'lifters' });
    expect(lifter?.spec.template.spec.containers[0].volumeMounts).toContainEqual(
      expect.objectContaining({ name: 'configuration', subPathExpr: '$(POD_NAME).env' }),
    );
  });
});
