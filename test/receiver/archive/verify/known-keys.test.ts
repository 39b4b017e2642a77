/** The keys that verify takes from a keys folder: the pinned one, and those that the camera had before. */
import { symlinkSync, writeFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyFolder } from '../../../../receiver/access/keys/key-folder.js';
import { knownKeys } from '../../../../receiver/archive/verify/known-keys.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { StoreCamera, epochs, keyPair, verify } from './made-store.js';

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** A camera that got a new key, which the receiver pinned at its second epoch. */
async function twoKeys() {
  const directory = temporaryDirectory();
  const keys = temporaryDirectory();
  const [earlier, present] = [keyPair(), keyPair()];
  const store = await openFrameStore(directory, Date.now());
  const camera = new StoreCamera(store, 'yard', earlier.privateKey);
  await camera.report();
  await camera.frame();
  camera.nextEpoch(epochs[1]);
  const pinnedAtMs = camera.atMs;
  camera.privateKey = present.privateKey;
  await camera.report();
  writeFileSync(join(keys, 'yard.earlier-0123abcd.pem'), pemOf(earlier.publicKey));
  const pin = (): void => {
    const signer = { publicKey: pemOf(present.publicKey), pinnedAtMs };
    writeFileSync(join(keys, 'yard.json'), JSON.stringify({ signer }));
  };
  const check = async () => {
    await store.close();
    return await verify(directory, await knownKeys(new KeyFolder(keys), []));
  };
  return { keys, camera, pin, check };
}

describe('a camera with a new key', () => {
  it('is proven by the earlier key and by the pinned one', async () => {
    const { pin, check } = await twoKeys();
    pin();
    const { findings, results } = await check();
    expect(findings).toEqual([]);
    expect(results[0]?.tally).toMatchObject({ proven: 3, keyNotKnown: 0 });
  });

  it('has to sign since the new one is pinned', async () => {
    const { camera, pin, check } = await twoKeys();
    pin();
    camera.privateKey = undefined;
    await camera.frame();
    expect((await check()).findings).toMatchObject([{ kind: 'no-signature' }]);
  });

  it('is proven by the earlier key when it is unpaired', async () => {
    const { check } = await twoKeys();
    const { findings, results } = await check();
    expect(findings.map(({ kind }) => kind)).toEqual(['other-key']);
    expect(results[0]?.tally.proven).toBe(2);
  });
});

it('an earlier key that is a link or no key is an error that names it', async () => {
  const keys = temporaryDirectory();
  const path = join(keys, 'yard.earlier-0123abcd.pem');
  writeFileSync(path, 'no key');
  const read = () => knownKeys(new KeyFolder(keys), []);
  await expect(read()).rejects.toThrow(`${path} has no public key`);
  symlinkSync(path, join(keys, 'shed.earlier-0123abcd.pem'));
  await expect(read()).rejects.toThrow('cannot read');
});
