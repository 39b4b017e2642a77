import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Invocation, defineCommand } from '../../../shared/cli/define-command.js';
import { flag, list } from '../../../shared/cli/option-table.js';

const printed = vi.hoisted<string[]>(() => []);
vi.mock('../../../shared/cli/command.js', () => ({
  writeTo: (_: number, text: string) => void printed.push(text),
}));

const word = { metavar: 'WORD', parse: (text: string) => text };
const table = { word: list(word, 'A word.'), help: flag('Show this help.') };
const withVersion = { ...table, version: flag('Show the version.') };

function defined(settings: {
  readonly accepts?: 'positionals' | 'command';
  readonly readsEnvironment?: boolean;
  readonly shown?: typeof table;
}) {
  onTestFinished(() => void printed.splice(0));
  const calls: Invocation<typeof withVersion>[] = [];
  const program = { name: 'tool', table: withVersion };
  const run = (invocation: Invocation<typeof withVersion>) =>
    Promise.resolve(void calls.push(invocation));
  return { calls, command: defineCommand({ program, usage: 'tool …\n\n', run, ...settings }) };
}

describe('defineCommand', () => {
  it('prints help or the version, and does not run', async () => {
    const { command, calls } = defined({});
    await command(['stray', '--help'], {});
    expect(printed.join('')).toMatch(/^tool …\n\n {2}--word WORD\n[^]*--version\n[^\n]+\n$/);
    printed.splice(0);
    await command(['--version'], {});
    expect(printed.join('')).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
    expect(calls).toEqual([]);
  });

  it('shows the named options, and leaves a version that it does not show to the command', async () => {
    const { command, calls } = defined({ shown: table });
    await command(['--help'], {});
    expect(printed.join('')).not.toContain('--version');
    await command(['--version'], {});
    expect(calls).toMatchObject([{ options: { version: true } }]);
  });

  it('refuses a stray argument, before and after --', async () => {
    const { command } = defined({});
    const refusal = { message: "unexpected argument 'x'", hint: 'see --help' };
    await expect(command(['x', 'y'], {})).rejects.toMatchObject(refusal);
    await expect(command(['--', 'x'], {})).rejects.toMatchObject(refusal);
    await expect(defined({ accepts: 'command' }).command(['x'], {})).rejects.toMatchObject(refusal);
  });

  it('passes the arguments that the command accepts', async () => {
    const positionals = defined({ accepts: 'positionals' });
    await positionals.command(['a', '--', '-b'], {});
    expect(positionals.calls).toMatchObject([{ positionals: ['a', '-b'] }]);
    const line = defined({ accepts: 'command' });
    await line.command(['--', 'a', '-b'], {});
    expect(line.calls).toMatchObject([{ positionals: [], command: ['a', '-b'] }]);
  });

  it('reads options again with more variables, which the environment overrides', async () => {
    const { command, calls } = defined({});
    await command([], {});
    await command([], { TOOL_WORD: 'set' });
    const settings = { TOOL_WORD: 'stored' };
    expect(calls.map(({ optionsWith }) => optionsWith(settings).word)).toEqual([
      ['stored'],
      ['set'],
    ]);
  });

  it('does not read the environment of a command that ignores it', async () => {
    const { command, calls } = defined({ readsEnvironment: false });
    await command([], { TOOL_WORD: 'set' });
    expect(calls).toMatchObject([{ options: { word: [] } }]);
  });
});
