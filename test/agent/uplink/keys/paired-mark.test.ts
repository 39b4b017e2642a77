/** The paired mark: a paired agent does not send in the clear when its state directory is missing. */
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyStore, KeysMissing } from '../../../../agent/uplink/keys/key-store.js';
import { PairedMark } from '../../../../agent/uplink/keys/paired-mark.js';
import { becomeNobody } from '../../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const laptop = { host: 'laptop', port: 4444 };
const unproven = {
  receiverId: 'a'.repeat(32),
  key: { camera: 'yard', id: 'k1', key: Buffer.alloc(32, 1) },
};

function place() {
  const root = temporaryDirectory();
  chmodSync(root, 0o755);
  const state = join(root, 'state');
  const systemFolder = join(root, 'etc');
  const config = join(root, 'config');
  for (const folder of [state, systemFolder]) mkdirSync(folder);
  const env = { XDG_CONFIG_HOME: config };
  const mark = (isRequired = false) => new PairedMark(state, env, { isRequired, systemFolder });
  const store = (isRequired = false) => new KeyStore(state, undefined, mark(isRequired));
  const keysFor = (isRequired = false) => store(isRequired).keysFor(laptop, 'yard');
  return { state, systemFolder, config, mark, store, keysFor };
}

describe('an agent without keys', () => {
  it('sends in the clear if it was never paired', async () => {
    const { keysFor, config } = place();
    expect(await keysFor()).toEqual([]);
    expect(() => readdirSync(config)).toThrow('ENOENT');
  });

  it('does not send in the clear if it was paired, in any state of its directory', async () => {
    const { keysFor, mark, state } = place();
    const path = await mark().make();
    await rm(state, { recursive: true });
    const reading = keysFor();
    await expect(reading).rejects.toBeInstanceOf(KeysMissing);
    await expect(reading).rejects.toMatchObject({
      code: 'KEYS',
      message: expect.stringContaining(`${path} exists`) as string,
      hint: expect.stringContaining(`remove ${path}`) as string,
    });
  });

  it('sends in the clear again after the paired mark is removed', async () => {
    const { keysFor, mark } = place();
    await rm(await mark().make());
    expect(await keysFor()).toEqual([]);
  });

  it('does not send in the clear with --paired', async () => {
    const { keysFor } = place();
    await expect(keysFor(true)).rejects.toMatchObject({
      hint: expect.stringContaining('remove AGENT_PAIRED or --paired') as string,
    });
  });

  it('does not send in the clear if it had keys since its start, and uses restored keys', async () => {
    const { store, state } = place();
    const keys = store();
    await keys.keep(unproven, laptop, 'c0de');
    expect(await keys.keysFor(laptop, 'yard')).toHaveLength(1);
    await rm(join(state, 'keys'), { recursive: true });
    await expect(keys.keysFor(laptop, 'yard')).rejects.toBeInstanceOf(KeysMissing);
    await keys.keep(unproven, laptop, 'c0de');
    expect(await keys.keysFor(laptop, 'yard')).toHaveLength(1);
  });
});

describe('the paired mark', () => {
  it('is for one state directory only', async () => {
    const { mark, state, systemFolder, config } = place();
    await mark().make();
    const env = { XDG_CONFIG_HOME: config };
    const of = (path: string) =>
      new PairedMark(path, env, { isRequired: false, systemFolder }).requirement();
    expect(await of(`${state}/../state/`)).toBeDefined();
    expect(await of(join(state, 'state'))).toBeUndefined();
  });

  it('is written once by an agent that an earlier version paired', async () => {
    const { mark, config } = place();
    await mark().makeMissing();
    await mark().makeMissing();
    expect(readdirSync(join(config, 'picchanged', 'paired'))).toHaveLength(1);
    expect(await mark().requirement()).toBeDefined();
  });

  it('is readable by the service when root pairs for it', async (test) => {
    test.skip(process.geteuid?.() !== 0, 'only root pairs for another');
    const { mark, state, systemFolder, keysFor } = place();
    const { chownSync } = await import('node:fs');
    chownSync(state, 65534, 65534);
    const path = await mark().make();
    expect(path.startsWith(systemFolder)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    becomeNobody();
    await expect(keysFor()).rejects.toBeInstanceOf(KeysMissing);
  });

  it('is an error, and nothing is sent in the clear, when its folder cannot be read', async (test) => {
    test.skip(process.geteuid?.() !== 0, 'another user is needed');
    const { keysFor, systemFolder } = place();
    chmodSync(systemFolder, 0o700);
    becomeNobody();
    await expect(keysFor()).rejects.toMatchObject({ code: 'KEYS' });
  });
});
