/** The real programs: passwords are made, and a viewer does not start where anyone could come in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

async function receiver(input: string, ...args: string[]) {
  const child = spawn(process.execPath, [`${root}dist/receiver.js`, ...args], {
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: temporaryDirectory() },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  child.stdin.on('error', () => undefined); // it ends without reading
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('receiver web-password', () => {
  it('adds a name, changes its password, and never writes the password itself', async () => {
    const file = join(temporaryDirectory(), 'passwords');
    const add = (input: string, ...args: string[]) =>
      receiver(input, 'web-password', ...args, '--file', file);
    expect(await add('garden gate\n', 'anna', '--role', 'keep')).toEqual({
      code: 0,
      output: `added anna, who may keep, in ${file}\n`,
    });
    const before = readFileSync(file, 'utf8');
    expect(await add('another gate', 'anna')).toEqual({
      code: 0,
      output: `changed anna, who may keep, in ${file}\n`,
    });
    const after = readFileSync(file, 'utf8');
    expect(after).toMatch(/^anna:keep:\$scrypt\$\S+\n$/);
    expect(after).not.toBe(before);
    expect(`${before}${after}`).not.toContain('gate');
  });

  it.each([
    ['short', ['anna'], 'a password has 8 to 200 characters'],
    ['', ['anna'], 'a password has 8 to 200 characters'],
    ['garden gate', [], 'needs one NAME'],
    ['garden gate', ['anna', 'bert'], 'needs one NAME'],
    ['garden gate', ['An:na'], "'An:na': a name has"],
    ['garden gate', ['anna', '--role', 'admin'], 'must be look or keep'],
  ])('refuses %j for %j, and writes nothing', async (input, args, message) => {
    const file = join(temporaryDirectory(), 'passwords');
    const { code, output } = await receiver(input, 'web-password', ...args, '--file', file);
    expect(code).toBe(2);
    expect(output).toContain(message);
    expect(output).not.toContain('garden gate');
    expect(existsSync(file)).toBe(false);
  });

  it('writes the file that install takes when no viewer is installed', async () => {
    const { code, output } = await receiver('garden gate\n', 'web-password', 'anna', '--user');
    expect(output).toMatch(/^added anna, who may look, in \/.*\/picchanged\/web-passwords\n$/);
    expect(code).toBe(0);
  });
});

describe('a viewer does not start', () => {
  const web = (...args: string[]) =>
    receiver('', 'web', '--dir', temporaryDirectory(), '--web', ...args);

  it('beyond this machine without a password, and with a proxy without one', async () => {
    for (const address of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8080']) {
      const { code, output } = await web(address);
      expect([code, output]).toEqual([
        2,
        expect.stringContaining(`--web ${address} needs a password`),
      ]);
      expect(output).toContain('--web-password-file FILE');
    }
    const { code, output } = await web('0', '--web-proxy', '127.0.0.1');
    expect([code, output]).toEqual([2, expect.stringContaining('--web-proxy needs a password')]);
  });

  it('with a password file that is missing, wrong, or readable by others', async () => {
    const file = join(temporaryDirectory(), 'passwords');
    const start = () => web('0', '--web-password-file', file);
    expect((await start()).output).toContain(`receiver web-password NAME --file ${file}`);
    writeFileSync(file, '# names\nanna:keep:garden gate\n', { mode: 0o600 });
    const wrong = await start();
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining(`${file}: line 2`)]);
    expect(wrong.output).not.toContain('garden gate');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    expect((await start()).output).toContain(`chmod 640 ${file}`);
  });
});
