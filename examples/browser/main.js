/** Submits jobs and shows results as they come, over WebSocket (RFC 7395). To look at it: `npx vite examples/browser`. */
import { connectJobs, isJobClientError } from '@heavylift/job-client';

const byId = (id) => document.getElementById(id);
const state = byId('state');
const fieldsOf = (form) => Object.fromEntries(new FormData(form));

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { service, domain, username, password } = fieldsOf(event.target);
  // Without encryption only to a server on this machine.
  const session = { service, domain, username, password, tls: { allowPlaintextOnLoopback: true } };
  try {
    const jobs = await connectJobs({ session, bot: `bot@${domain}` });
    state.textContent = `logged in as ${jobs.session.jid}`;
    jobs.session.on('offline', ({ error }) => {
      state.textContent = `offline, trying again: ${error.message}`;
    });
    jobs.session.on('online', () => {
      state.textContent = `logged in as ${jobs.session.jid}`;
    });
    event.target.hidden = true;
    const form = byId('submit');
    form.hidden = false;
    form.addEventListener('submit', (submitted) => {
      submitted.preventDefault();
      const { command, args } = fieldsOf(form);
      void show(jobs.submit(command, Object.fromEntries(new URLSearchParams(args))), command);
    });
    await follow(jobs);
  } catch (error) {
    state.textContent = error.message;
  }
});

async function show(job, command) {
  const line = byId('jobs').appendChild(document.createElement('li'));
  const say = (text) => {
    line.textContent = text;
  };
  say(`${command}: submitted`);
  try {
    const { text } = await job.accepted;
    say(text);
    for await (const progress of job.progress) say(progress);
    say(`#${job.number} ${command}: ${JSON.stringify(await job)}`);
  } catch (error) {
    say(error.message);
  }
}

async function follow(jobs) {
  const list = byId('results');
  try {
    for await (const { number, kind, status } of jobs.results()) {
      const line = document.createElement('li');
      line.textContent = `#${number} ${kind}: ${status}`;
      list.prepend(line);
    }
  } catch (error) {
    if (!isJobClientError(error, 'no-access')) throw error;
    list.textContent = 'This account may not read the results.';
  }
}
