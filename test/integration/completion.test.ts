/** The completion scripts and manual pages of both programs, in real shells and in man. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missing, root, run } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const printed = async (program: string, ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(process.execPath, [
    `${root}dist/${program}.js`,
    ...args,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

async function scriptFile(program: string, shell: string): Promise<string> {
  const path = join(temporaryDirectory(), `${program}.${shell}`);
  writeFileSync(path, await printed(program, 'completion', shell));
  return path;
}

async function inShell(shell: string, line: string): Promise<string[]> {
  const flags = shell === 'fish' ? ['--no-config'] : shell === 'zsh' ? ['-f'] : ['--norc'];
  const { code, stdout, stderr } = await run(shell, [...flags, '-c', line]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').filter((text) => text !== '');
}

describe('completion in bash', () => {
  const complete = async (program: string, ...words: string[]): Promise<string[]> => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const state = `COMP_WORDS=(${program} ${quoted}); COMP_CWORD=${words.length}`;
    const script = await scriptFile(program, 'bash');
    const show = `printf '%s\\n' "\${COMPREPLY[@]}"`;
    return inShell('bash', `source ${script}; ${state}; _picchanged_${program}; ${show}`);
  };

  it('completes commands, their flags, and the words of a flag', async () => {
    expect(await complete('receiver', 'pr')).toEqual(['prune']);
    expect(await complete('receiver', 'verify', '--js')).toEqual(['--json']);
    expect(await complete('receiver', 'web-password', '--role', 'k')).toEqual(['keep']);
    expect(await complete('agent', 'un')).toEqual(['unpair', 'uninstall']);
    expect(await complete('agent', '--min-a')).toEqual(['--min-area']);
    expect(await complete('agent', 'help', 're')).toEqual(['replay']);
    expect(await complete('receiver', '--dir', '/us')).toEqual(['/usr']);
  });
});

const noFish = missing('fish', 'fish');
describe.skipIf(noFish !== undefined)(`completion in fish${noFish ?? ''}`, () => {
  it('completes commands with what they do, and their flags', async () => {
    const script = await scriptFile('receiver', 'fish');
    const complete = (line: string) => inShell('fish', `source ${script}; complete -C '${line}'`);
    expect(await complete('receiver pr')).toEqual([expect.stringMatching(/^prune\tDeletes/)]);
    expect(await complete('receiver verify --js')).toEqual([expect.stringMatching(/^--json\t/)]);
    expect(await complete('picchanged-receiver web-password --role k')).toEqual([
      expect.stringMatching(/^keep\b/),
    ]);
  });
});

const noZsh = missing('zsh', 'zsh');
describe.skipIf(noZsh !== undefined)(`completion in zsh${noZsh ?? ''}`, () => {
  it.each(['agent', 'receiver'])('is set up for %s, under both names', async (program) => {
    const script = await scriptFile(program, 'zsh');
    const start = 'autoload -Uz compinit && compinit -D -u';
    const names = `$_comps[${program}] $_comps[picchanged-${program}]`;
    const name = `_picchanged_${program}`;
    expect(await inShell('zsh', `${start}; source ${script}; echo ${names}`)).toEqual([
      `${name} ${name}`,
    ]);
    expect(await inShell('zsh', `zsh -n ${script} && echo whole`)).toEqual(['whole']);
  });
});

const noMan = missing('man', 'man-db') ?? missing('groff', 'groff-base');
describe.skipIf(noMan !== undefined)(`the manual page${noMan ?? ''}`, () => {
  it.each(['agent', 'receiver'])(
    'of %s has its commands and flags, without a warning',
    async (program) => {
      const path = join(temporaryDirectory(), `picchanged-${program}.1`);
      writeFileSync(path, await printed(program, 'man'));
      const groff = await run('groff', ['-man', '-Tutf8', '-ww', '-z', path]);
      expect(groff).toMatchObject({ code: 0, stderr: '' });
      const env = { MANWIDTH: '80', MANROFFOPT: '-c', LC_ALL: 'C.UTF-8' };
      const { stdout } = await run('man', ['-l', '-P', 'cat', path], { env });
      const help = await printed(program, '--help');
      for (const flag of help.match(/^ {2}--[a-z-]+/gm) ?? [])
        expect(stdout).toContain(flag.trim());
      expect(stdout).toMatch(/^ +doctor/m);
      expect(stdout).toMatch(/^EXIT STATUS$/m);
      expect(await printed(program, 'man')).toBe(await printed(program, 'man'));
    },
  );

  it('and a completion need the name of a known shell', async () => {
    const args = [`${root}dist/agent.js`, 'completion', 'tcsh'];
    expect(await run(process.execPath, args)).toMatchObject({
      code: 2,
      stderr: 'agent: name one of bash, zsh, fish\n',
    });
  });
});
