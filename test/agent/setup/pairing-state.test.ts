/** Whose keys `agent pair` and `agent unpair` change. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pairingState } from '../../../agent/setup/pairing-state.js';
import { lockState } from '../../../agent/service/state-lock.js';
import type { RunTool } from '../../../shared/process/run-tool.js';
import { temporaryDirectory } from '../../support/temporary.js';

const camera = 'yard';
const why = process.geteuid?.() === 0 ? '' : ' (needs root)';

function machine() {
  const [home, rootHome] = [temporaryDirectory(), temporaryDirectory()];
  const run: RunTool = (program, args) => {
    expect([program, ...args]).toEqual(['getent', 'passwd', 'fred']);
    return Promise.resolve({ exitCode: 0, stdout: `fred:x:1:1::${home}:/bin/sh\n`, stderr: '' });
  };
  const find = (env: Record<string, string>, state?: string) =>
    pairingState(
      { state, camera },
      { HOME: rootHome, ...env },
      { line: 'agent pair laptop …', run },
    );
  return { home, rootHome, find };
}

describe.skipIf(why !== '')(`sudo agent pair${why}`, () => {
  it('is refused where the user who typed it has a service, and root has none', async () => {
    const { home, find } = machine();
    mkdirSync(join(home, '.config', 'picchanged'), { recursive: true });
    writeFileSync(join(home, '.config', 'picchanged', 'agent.env'), '');
    await expect(find({ SUDO_USER: 'fred' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('fred has a service of their own') as string,
      hint: 'without sudo: agent pair laptop …',
    });
    expect(await find({ SUDO_USER: 'fred' }, '/srv/state')).toBe('/srv/state');
  });

  it('is refused while an agent of that user runs', async () => {
    const { home, find } = machine();
    const state = join(home, '.local', 'state', 'picchanged', camera);
    mkdirSync(state, { recursive: true });
    const lock = await lockState(state);
    await expect(find({ SUDO_USER: 'fred' })).rejects.toThrow(`an agent of fred uses ${state}`);
    await lock.close();
    expect(await find({ SUDO_USER: 'fred' })).toContain('/picchanged/yard');
  });

  it('takes the state of root’s own agent otherwise', async () => {
    const { rootHome, find } = machine();
    const own = join(rootHome, '.local', 'state', 'picchanged', camera);
    expect(await find({ SUDO_USER: 'fred' })).toBe(own);
    expect(await find({})).toBe(own);
  });
});
