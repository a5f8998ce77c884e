import { request } from 'node:http';
import { ADMIN, DOMAIN } from './config.js';
import { LaunchError } from './launch/error.js';

/** Calls of ejabberd's HTTP interface, as the administrator. */
export interface AdminApi {
  call(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Creates an account, or sets the password of one that is there. */
  register(username: string, password: string): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export function adminApi(port: number, initialPassword: string): AdminApi {
  let adminPassword = initialPassword;

  const post = (command: string, args: Readonly<Record<string, unknown>>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path: `/api/${command}`,
          method: 'POST',
          auth: `${ADMIN}@${DOMAIN}:${adminPassword}`,
          headers: { 'content-type': 'application/json' },
          // No connection is kept: after a restart it would be a dead one.
          agent: false,
          timeout: 30_000,
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            body += chunk;
          });
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        },
      );
      outgoing.on('timeout', () => {
        outgoing.destroy(new Error(`ejabberd did not answer ${command} within 30 s`));
      });
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify(args));
    });

  const call = async (
    command: string,
    args: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> => {
    const { status, body } = await post(command, args);
    if (status !== 200) throw refused(command, status, body);
    return JSON.parse(body);
  };

  return {
    call,
    register: async (username, password) => {
      const account = { user: username, host: DOMAIN };
      const { status, body } = await post('register', { ...account, password });
      if (status === 409) await call('change_password', { ...account, newpass: password });
      else if (status !== 200) throw refused('register', status, body);
      if (username === ADMIN) adminPassword = password;
    },
  };
}

const refused = (command: string, status: number, body: string): LaunchError =>
  new LaunchError('api-refused', `ejabberd refused ${command} with status ${status}: ${body}`);
