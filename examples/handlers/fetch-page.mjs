import { defineHandler, FinalError } from '@heavylift/lifter';

/** Asks a web server: what may be better the next time is thrown as it comes, what will not is final. */
export default defineHandler({
  name: 'fetch-page',
  title: 'look at a page',
  summary: 'tells what a web page answers',
  fields: { url: { type: 'text', pattern: 'https?://.+', maxLength: 2_000 } },
  timeout: 30_000,
  concurrency: 4,
  async run({ url }, { log, signal }) {
    const response = await fetch(url, { signal });
    const body = await response.text();
    log.info('answered', { status: response.status });
    if (response.status >= 500) throw new Error(`the server says ${response.status}`);
    if (response.status >= 400) throw new FinalError(`the server says ${response.status}`);
    const [, title = ''] = /<title>([^<]*)/i.exec(body) ?? [];
    return { status: response.status, bytes: Buffer.byteLength(body), title: title.trim() };
  },
});
