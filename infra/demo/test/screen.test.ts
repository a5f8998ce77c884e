import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainScreen, type Screen, spoken, terminalScreen } from '../src/screen.js';
import { VirtualTerminal } from './support/virtual-terminal.js';

describe('a terminal with a prompt', () => {
  let keyboard: PassThrough;
  let terminal: VirtualTerminal;
  let screen: Screen;
  let close: () => void;

  beforeEach(() => {
    keyboard = new PassThrough();
    terminal = new VirtualTerminal(20);
    const prompt = createInterface({
      input: keyboard,
      output: terminal,
      terminal: true,
      prompt: 'you: ',
    });
    screen = terminalScreen(terminal, prompt);
    prompt.on('line', (line) => screen.said(line));
    prompt.prompt();
    close = () => prompt.close();
  });
  afterEach(() => close());

  it('shows messages above what is being typed', () => {
    keyboard.write('li');
    screen.show('bot: Hello');
    keyboard.write('ft');
    expect(terminal.text).toBe('bot: Hello\nyou: lift');
    expect(terminal.cursor).toEqual({ row: 1, column: 9 });
  });

  it('redraws progress in place, between the messages and the prompt', () => {
    screen.show('bot: Scheduled');
    screen.progress('1', 'bot: #1 10 %');
    screen.progress('1', 'bot: #1 20 %');
    keyboard.write('da');
    screen.progress('1', 'bot: #1 30 %');
    expect(terminal.text).toBe('bot: Scheduled\nbot: #1 30 %\nyou: da');
    screen.endProgress('1');
    screen.show('bot: Done lifting #1');
    expect(terminal.text).toBe('bot: Scheduled\nbot: Done lifting #1\nyou: da');
  });

  it('puts several jobs on the one line, and clips it rather than have it wrap', () => {
    screen.progress('1', '#1 10 %');
    screen.progress('2', '#2 10 %');
    expect(terminal.text).toBe('#1 10 % · #2 10 %\nyou:');
    screen.progress('2', '#2 is much too long to show');
    expect(terminal.text).toBe('#1 10 % · #2 is mu…\nyou:');
  });

  it('leaves what was said among the messages, and no stale progress', () => {
    screen.progress('1', '#1 10 %');
    keyboard.write('dance\n');
    expect(terminal.text).toBe('you: dance\n#1 10 %\nyou:');
  });

  it('leaves only the conversation in the end', () => {
    screen.show('bot: Hello');
    screen.progress('1', '#1 10 %');
    keyboard.write('dan');
    screen.end();
    expect(terminal.text).toBe('bot: Hello');
    expect(terminal.cursor).toEqual({ row: 1, column: 0 });
    screen.show('bot: Bye');
    expect(terminal.text).toBe('bot: Hello\nbot: Bye');
  });

  it('keeps its place when what is typed wraps', () => {
    const long = 'a line of more than twenty';
    screen.show('bot: Hello');
    screen.progress('1', '#1 10 %');
    keyboard.write(long);
    screen.progress('1', '#1 20 %');
    expect(terminal.text).toBe('bot: Hello\n#1 20 %\nyou: a line of more\nthan twenty');
    keyboard.write('\n');
    expect(terminal.text).toBe('bot: Hello\nyou: a line of more\nthan twenty\n#1 20 %\nyou:');
  });
});

describe('a terminal that does not say how wide it is', () => {
  it('counts as endless', () => {
    const keyboard = new PassThrough();
    const terminal = new VirtualTerminal(0);
    const prompt = createInterface({
      input: keyboard,
      output: terminal,
      terminal: true,
      prompt: 'you: ',
    });
    const screen = terminalScreen(terminal, prompt);
    prompt.on('line', (line) => screen.said(line));
    prompt.prompt();
    screen.progress('1', '#1 10 %');
    keyboard.write('lift\n');
    screen.show('bot: Scheduled');
    expect(terminal.text).toBe('you: lift\nbot: Scheduled\n#1 10 %\nyou:');
    screen.end();
  });
});

describe('a terminal without a prompt', () => {
  it('redraws progress in place', () => {
    const terminal = new VirtualTerminal(40);
    const screen = terminalScreen(terminal);
    screen.said('lift');
    screen.progress('1', '#1 10 %');
    screen.progress('1', '#1 20 %');
    expect(terminal.text).toBe('you: lift\n#1 20 %');
    screen.endProgress('1');
    screen.show('bot: Done');
    expect(terminal.text).toBe('you: lift\nbot: Done');
  });
});

describe('a file or a pipe', () => {
  it('gets lines, and of progress only the latest once in a while', () => {
    let time = 0;
    const output = new PassThrough({ encoding: 'utf8' });
    const screen = plainScreen(output, { everyMs: 1_000, now: () => time });
    screen.said('lift');
    for (time = 0; time <= 2_500; time += 500) screen.progress('1', `#1 ${time}`);
    screen.endProgress('1');
    screen.show('bot: Done');
    expect(output.read()).toBe('you: lift\n#1 0\n#1 1000\n#1 2000\nbot: Done\n');
  });
});

describe('what somebody said', () => {
  it('keeps its lines together', () => {
    expect(spoken('bot', 'one\ntwo\n')).toBe('bot: one\n     two');
  });

  it('cannot command the terminal', () => {
    expect(spoken('bot', '\u001b[2Jgone\u0007 \u009b1m\ttab')).toBe('bot: [2Jgone 1m\ttab');
  });
});
