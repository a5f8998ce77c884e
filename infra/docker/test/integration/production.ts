import { readFileSync } from 'node:fs';
import type { EjabberdConfig } from '@heavylift/ejabberd';
import { parse } from 'yaml';
import { z } from 'zod';

const mapping = z.record(z.string(), z.unknown());
const config = z.looseObject({
  listen: z.array(mapping),
  acl: mapping,
  access_rules: mapping,
  api_permissions: mapping,
  shaper_rules: mapping,
  modules: z.record(z.string(), mapping),
});

/** `infra/ejabberd/ejabberd.yml`, for the domain of tests. */
export function productionConfig(): EjabberdConfig {
  const text = readFileSync(new URL('../../../ejabberd/ejabberd.yml', import.meta.url), 'utf8');
  return config.parse(parse(text.replaceAll('example.org', 'localhost')));
}

/** In place of the configuration of tests, in a container: as it is. */
export const forProduction = (): EjabberdConfig => productionConfig();
