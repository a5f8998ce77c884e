import { messageOf } from '@heavylift/service';
import { account } from './account.js';
import { type Command, type ExitCode, exitCodes, type Terminal } from './command.js';
import { doctor } from './doctor/command.js';
import { provisionCommand } from './provision/command.js';

const commands: Readonly<Record<string, Command>> = {
  provision: provisionCommand,
  account,
  doctor,
};

/** Runs a command line. Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name = '--help', ...rest] = args;
  if (name === '--help' || name === 'help') {
    terminal.out(overview());
    return exitCodes.fine;
  }
  const command = commands[name];
  if (command === undefined) {
    const known = Object.keys(commands).join(', ');
    terminal.err(`heavylift: there is no command ${name}; there are ${known}.`);
    return exitCodes.failed;
  }
  if (rest.includes('--help')) {
    terminal.out(command.help);
    return exitCodes.fine;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    terminal.err(`heavylift ${name}: ${messageOf(error)}`);
    return exitCodes.failed;
  }
}

function overview(): string {
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`,
  );
  return [
    'Usage: heavylift COMMAND [OPTION]...',
    '',
    ...lines,
    '',
    'Each tells more: --help.',
  ].join('\n');
}
