import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { connectJobs } from '@heavylift/job-client';

const { XMPP_SERVICE: service, XMPP_DOMAIN: domain, XMPP_USERNAME, XMPP_PASSWORD } = process.env;
const account = { username: XMPP_USERNAME, password: XMPP_PASSWORD };
const session = { service, domain, ...account, tls: { allowPlaintextOnLoopback: true } };
const [file = 'results.jsonl'] = process.argv.slice(2);

// One write has both a result and how far we are: whenever we are killed, nothing is missed or there twice.
const last = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').at(-1) : undefined;
const since = last ? JSON.parse(last).position : undefined;

const jobs = await connectJobs({ session, bot: `bot@${domain}` });
for await (const result of jobs.results({ since }))
  appendFileSync(file, `${JSON.stringify(result)}\n`);
