import { describe, expect, it } from 'vitest';
import { ejabberdConfig, toYaml } from '../src/config.js';
import { containerConfig } from '../src/container.js';

const ports = { c2s: 1, c2sTls: 2, http: 3 };
const config = ejabberdConfig({ ports, ip: '127.0.0.1' });

describe('the configuration of an ejabberd', () => {
  it('listens on the given address alone, for clients and administration', () => {
    expect(config.listen.map(({ ip, port }) => [ip, port])).toEqual([
      ['127.0.0.1', 1],
      ['127.0.0.1', 3],
    ]);
  });

  it('adds TLS only with a certificate', () => {
    const encrypted = ejabberdConfig({ ports, ip: '127.0.0.1', certFile: '/c.pem' });
    expect(encrypted.listen).toContainEqual(expect.objectContaining({ port: 1, starttls: true }));
    expect(encrypted.listen).toContainEqual(expect.objectContaining({ port: 2, tls: true }));
    expect(encrypted['certfiles']).toEqual(['/c.pem']);
  });

  it('lets nodes be created by the accounts that own them, or by all', () => {
    expect(config.acl['node_creators']).toEqual({
      user: ['admin@localhost', 'bot@localhost', 'notifier@localhost'],
    });
    expect(config.access_rules['create_nodes']).toEqual({ allow: 'node_creators' });
    const open = ejabberdConfig({ ports, ip: '127.0.0.1', nodeCreators: 'all' });
    expect(open.access_rules['create_nodes']).toEqual({ allow: 'all' });
  });

  it('lets a test have the last word', () => {
    const changed = ejabberdConfig({
      ports,
      ip: '127.0.0.1',
      configure: (given) => ({ ...given, modules: { ...given.modules, mod_time: {} } }),
    });
    expect(Object.keys(changed.modules)).toContain('mod_time');
  });

  it('is written one option a line, as JSON, which YAML is a superset of', () => {
    const lines = toYaml(config).trimEnd().split('\n');
    expect(lines).toHaveLength(Object.keys(config).length);
    expect(JSON.parse(`{${lines.join(',')}}`)).toEqual(config);
  });

  it('is the same in a container, but for addresses and ports', () => {
    const inside: unknown = JSON.parse(`{${containerConfig().trimEnd().split('\n').join(',')}}`);
    expect(inside).toMatchObject({ modules: config.modules, acl: config.acl });
  });
});
