import { parseDemoArgs, usage } from './args.js';
import { runDemo } from './demo.js';
import { DemoError, endingSignals, Leaving } from './errors.js';

const parsed = parseDemoArgs(process.argv.slice(2));

if (parsed.kind === 'help') {
  process.stdout.write(`${usage}\n`);
} else if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.message}\n`);
  process.exitCode = 2;
} else {
  const over = new AbortController();
  for (const [signal, exitCode] of Object.entries(endingSignals)) {
    process.on(signal, () => over.abort(new Leaving(`ended by ${signal}`, exitCode)));
  }
  // Whoever read our output is gone, as with `npm start | head`.
  process.stdout.on('error', () => over.abort(new DemoError('Nobody reads the output any more.')));
  process.stderr.on('error', () => undefined);
  // All that was started is stopped by then. An open pipe to read from must not keep us.
  process.exit(await runDemo(parsed.options, over));
}
