/** The keys of an agent for each receiver, in a real folder. */
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../../../agent/uplink/keys/key-store.js';
import { becomeNobody } from '../../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const laptop = { host: 'laptop', port: 4444 };
const nas = { host: 'nas', port: 4444 };
const unproven = (receiver: string, id: string) => ({
  receiverId: receiver.repeat(32),
  key: { camera: 'yard', id, key: Buffer.alloc(32, id) },
});

function openStore(credentials?: string) {
  const state = temporaryDirectory();
  chmodSync(state, 0o755);
  const store = new KeyStore(state, credentials);
  const idsFor = async (where: typeof laptop): Promise<string[]> =>
    (await store.keysFor(where, 'yard')).map(({ id }) => id);
  const pair = async (receiver: string, id: string, where: typeof laptop): Promise<void> => {
    await store.keep(unproven(receiver, id), where, 'c0de');
    await store.prove(unproven(receiver, id));
  };
  return { folder: join(state, 'keys'), store, idsFor, pair };
}

describe("an agent's keys", () => {
  it('are none before it is paired', async () => {
    const { store } = openStore();
    expect(await store.keysFor(laptop, 'yard')).toEqual([]);
  });

  it('are for their receiver, also in other letter case', async () => {
    const { store, pair } = openStore();
    await pair('a', 'k1', laptop);
    expect(await store.keysFor({ host: 'LapTop', port: 4444 }, 'yard')).toEqual([
      { camera: 'yard', id: 'k1', key: Buffer.alloc(32, 'k1') },
    ]);
  });

  it('are all tried at an unknown address, so that nothing is sent in the clear', async () => {
    const { idsFor, pair } = openStore();
    await pair('a', 'k1', laptop);
    await pair('b', 'k2', nas);
    expect(await idsFor(laptop)).toEqual(['k1']);
    expect(await idsFor({ host: '192.168.1.5', port: 4444 })).toEqual(['k1', 'k2']);
    expect(await idsFor({ host: 'laptop', port: 4445 })).toEqual(['k1', 'k2']);
  });

  it('are two during a change of keys, the new one first', async () => {
    const { store, idsFor, pair } = openStore();
    await pair('a', 'k1', laptop);
    await store.keep(unproven('a', 'k2'), laptop, 'c0de');
    expect(await idsFor(laptop)).toEqual(['k2', 'k1']);
    expect(await store.findUnproven('c0de')).toEqual(unproven('a', 'k2'));
    await store.keep(unproven('a', 'k3'), laptop, 'c0de');
    expect(await idsFor(laptop)).toEqual(['k3', 'k1']);
    await store.prove(unproven('a', 'k3'));
    expect(await idsFor(laptop)).toEqual(['k3']);
    expect(await store.findUnproven('c0de')).toBeUndefined();
  });

  it('are shared by two names of one receiver', async () => {
    const { folder, idsFor, pair } = openStore();
    await pair('a', 'k1', laptop);
    await pair('a', 'k2', nas);
    expect([await idsFor(laptop), await idsFor(nas)]).toEqual([['k2'], ['k2']]);
    expect(readdirSync(folder)).toEqual([`${'a'.repeat(32)}.json`]);
  });

  it('are removed when another receiver has the address', async () => {
    const { folder, idsFor, pair } = openStore();
    await pair('a', 'k1', laptop);
    await pair('b', 'k2', laptop);
    expect(await idsFor(laptop)).toEqual(['k2']);
    expect(readdirSync(folder)).toEqual([`${'b'.repeat(32)}.json`]);
  });

  it('are the fleet keys of this camera when it is not paired', async () => {
    const credentials = temporaryDirectory();
    const lines = `yard.f1 ${'ab'.repeat(32)}\nother.f2 ${'cd'.repeat(32)}\n`;
    writeFileSync(join(credentials, 'picchanged-keys'), lines);
    const { idsFor, pair } = openStore(credentials);
    expect(await idsFor(laptop)).toEqual(['f1']);
    await pair('a', 'k1', nas);
    expect([await idsFor(nas), await idsFor(laptop)]).toEqual([['k1'], ['k1', 'f1']]);
  });

  it('are in files that only their owner can read', async () => {
    const { folder, pair } = openStore();
    await pair('a', 'k1', laptop);
    const [name = ''] = readdirSync(folder);
    const modes = [folder, join(folder, name)].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
  });

  it('are an error when they cannot be read', async () => {
    const { store, pair } = openStore();
    await pair('a', 'k1', laptop);
    becomeNobody();
    await expect(store.keysFor(laptop, 'yard')).rejects.toMatchObject({ code: 'KEYS' });
  });

  it('are an error that does not quote them when they are damaged', async () => {
    const { folder, store } = openStore();
    mkdirSync(folder);
    writeFileSync(join(folder, `${'a'.repeat(32)}.json`), '{"hosts":[],"keys":["abab');
    const reading = store.keysFor(laptop, 'yard');
    await expect(reading).rejects.toThrow(/json: invalid contents$/);
  });
});
