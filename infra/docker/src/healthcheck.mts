/**
 * The health check of an image: exit code 0 as long as the process answers, 1 if it does not. Whether it does its work is `/readyz`, which is no
 * reason to restart it: a service whose server is away comes back by itself.
 */
const { HEALTH_HOST: host = '', HEALTH_PORT: port } = process.env;
const everywhere = ['', '0.0.0.0', '::'].includes(host);
const address = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;

try {
  const { ok } = await fetch(`http://${address}:${port}/livez`, {
    signal: AbortSignal.timeout(4_000),
  });
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
