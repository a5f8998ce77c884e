/**
 * Posts each result to a web server, signed, and again until it is taken.
 * Usage: webhook.mjs URL [FILE], with XMPP_SERVICE, XMPP_DOMAIN, XMPP_USERNAME, XMPP_PASSWORD and WEBHOOK_SECRET.
 */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectJobs } from '@heavylift/job-client';

const { XMPP_SERVICE: service, XMPP_DOMAIN: domain, XMPP_USERNAME, XMPP_PASSWORD } = process.env;
const { WEBHOOK_SECRET: secret } = process.env;
const [url, file = 'webhook.position'] = process.argv.slice(2);
if (!url || !secret) throw new Error('Usage: WEBHOOK_SECRET=… webhook.mjs URL [FILE]');
const firstPauseMs = 500;
const longestPauseMs = 60_000;

const account = { username: XMPP_USERNAME, password: XMPP_PASSWORD };
const session = { service, domain, ...account, tls: { allowPlaintextOnLoopback: true } };
const jobs = await connectJobs({ session, bot: `bot@${domain}` });
const since = existsSync(file) ? readFileSync(file, 'utf8') : undefined;

// In order, one at a time: while the web server is away results wait, and the node keeps the newest thousand.
for await (const { position, ...result } of jobs.results({ since })) {
  await deliver(result);
  // Killed before this line, the same is posted again: the receiver knows it by its key.
  writeFileSync(`${file}.new`, position);
  renameSync(`${file}.new`, file);
}

async function deliver(result) {
  const body = JSON.stringify(result);
  for (let attempt = 0; ; attempt += 1) {
    const problem = await post(result.job, body);
    if (problem === undefined) return;
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2);
    process.stderr.write(`#${result.number}: ${problem}; again in ${Math.round(pause)} ms\n`);
    await sleep(pause);
  }
}

/** @returns what went wrong */
async function post(key, body) {
  const timestamp = Math.floor(Date.now() / 1000);
  // The time is signed too, so that nobody can play an old one again.
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': key,
    'heavylift-signature': `t=${timestamp},v1=${signature}`,
  };
  try {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    await response.arrayBuffer();
    return response.ok ? undefined : `the server says ${response.status}`;
  } catch (error) {
    return String(error.cause ?? error);
  }
}
