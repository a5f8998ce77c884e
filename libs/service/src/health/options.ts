import { type Config, optional, withDefault } from '../config/option.js';
import { integer, list, matching } from '../config/values.js';

export const healthOptions = {
  HEALTH_PORT: optional({
    description: 'Where /livez, /readyz and /metrics are served over HTTP; 0: a port that is free.',
    type: integer({ min: 0, max: 65_535 }),
    otherwise: 'they are not served',
  }),
  HEALTH_HOST: withDefault({
    description:
      'The address they are served at. Whoever reaches it can read them: no password is asked.',
    type: matching(/^[^\s/]+$/, 'an address such as 127.0.0.1, ::1 or 0.0.0.0'),
    default: '127.0.0.1',
  }),
  HEALTH_ALLOWED_HOSTS: optional({
    description:
      'Names by which they may be asked for, besides localhost and the address itself; * stands for any characters.',
    type: list(matching(/^[\w.:*-]+$/, 'a name without a port, such as dispatcher or lifter-*')),
    otherwise: 'no others: a web page that leads a name of its own here is refused',
  }),
};

export type HealthConfig = Config<typeof healthOptions>;
