import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StateDirectory, defaultStateDirectory } from '../../../agent/service/state.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('the state directory', () => {
  it.each([
    ["systemd's", { STATE_DIRECTORY: '/var/lib/a', HOME: '/h' }, '/var/lib/a'],
    ['the first of several', { STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, '/var/lib/a'],
    ["below XDG's", { XDG_STATE_HOME: '/x', HOME: '/h' }, '/x/picchanged/yard'],
    ['below the home', { XDG_STATE_HOME: '', HOME: '/h' }, '/h/.local/state/picchanged/yard'],
  ])('is by default %s', (_, env, expected) => {
    expect(defaultStateDirectory(env, 'yard')).toBe(expected);
  });

  it('is created with access for its owner only', async () => {
    const path = join(temporaryDirectory(), 'a', 'b');
    await StateDirectory.open(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('reads what was written, and undefined for a missing file', async () => {
    const state = await StateDirectory.open(temporaryDirectory());
    expect(await state.read('judge')).toBeUndefined();
    await state.write('judge', Buffer.from('one'));
    await state.write('judge', Buffer.from('two'));
    expect(await state.read('judge')).toEqual(Buffer.from('two'));
    expect(readdirSync(state.path)).toEqual(['judge']);
  });

  it('throws STATE with a hint when a file cannot be read or written', async () => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, '');
    const failure = { code: 'STATE', hint: expect.stringContaining('--state') as string };
    await expect(StateDirectory.open(path)).rejects.toMatchObject(failure);
    const state = await StateDirectory.open(temporaryDirectory());
    mkdirSync(join(state.path, 'judge'));
    await expect(state.read('judge')).rejects.toMatchObject(failure);
    await expect(state.write('judge', Buffer.from('x'))).rejects.toMatchObject(failure);
    expect(readdirSync(state.path)).toEqual(['judge']);
  });

  it('removes what killed processes did not finish, and nothing else', async () => {
    const path = temporaryDirectory();
    const state = await StateDirectory.open(path);
    await state.writeUnflushed('uplinks.json', Buffer.from('{}'));
    for (const name of [
      '.uplinks.json.27492.part',
      '.reports.json.1.part',
      '.mine.part',
      'x.1.part',
    ])
      writeFileSync(join(path, name), '');
    await state.removeParts();
    expect(readdirSync(path).sort()).toEqual(['.mine.part', 'uplinks.json', 'x.1.part']);
  });
});
