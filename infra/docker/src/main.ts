/** `node main.js SERVICE DIR`, at the root of the workspace: see {@link copyService}. */
import { copyService } from './service-files.js';

const [service, target] = process.argv.slice(2);
if (service === undefined || target === undefined) {
  process.stderr.write('Usage: node main.js SERVICE DIR\n');
  process.exitCode = 2;
} else {
  copyService(service, process.cwd(), target);
}
