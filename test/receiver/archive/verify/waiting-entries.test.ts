/** Entries that wait at the camera, as its newest report says, are not missing. */
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { StoreCamera, epochs, keyPair, knownOf, verify } from './made-store.js';

async function found(send: (camera: StoreCamera) => Promise<void>): Promise<string[]> {
  const directory = temporaryDirectory();
  const keys = { yard: keyPair() };
  const store = await openFrameStore(directory, Date.now());
  const camera = new StoreCamera(store, 'yard', keys.yard.privateKey);
  await camera.report();
  await camera.frame();
  await send(camera);
  await store.close();
  const { findings } = await verify(directory, knownOf(keys));
  return findings.map(({ kind, found }) => `${kind}: ${found}`);
}

const epoch = epochs[0];
const wait = 'of them may wait at the camera, as its newest report of this epoch says';

describe('numbers that no entry has', () => {
  it('may arrive when the newest report says that so many frames wait', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(2);
      await camera.frame();
      camera.keep(1);
      await camera.report({ waiting: 3 });
    });
    expect(kinds).toEqual([
      `may-arrive: no entry 3 to 4 of epoch ${epoch}; 2 ${wait}`,
      `may-arrive: no entry 6 of epoch ${epoch}; 1 ${wait}`,
    ]);
  });

  it('are missing when none waits', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(2);
      await camera.report({ waiting: 2 });
      await camera.report({ waiting: 0 });
    });
    expect(kinds).toEqual([`missing-entries: no entry 3 to 4 of epoch ${epoch}`]);
  });

  it('are missing where fewer wait, the oldest ones first', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(2);
      await camera.frame();
      camera.keep(3);
      await camera.frame();
      camera.keep(2);
      await camera.report({ waiting: 3 });
    });
    expect(kinds).toEqual([
      `missing-entries: no entry 3 to 4 of epoch ${epoch}`,
      `missing-entries: no entry 6 to 8 of epoch ${epoch}; 1 ${wait}`,
      `may-arrive: no entry 10 to 11 of epoch ${epoch}; 2 ${wait}`,
    ]);
  });

  it('are missing when they are older than the oldest that waits', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(1);
      await camera.frame();
      camera.keep(1);
      await camera.report({ waiting: 2, oldestWaitingMs: camera.atMs });
    });
    expect(kinds).toEqual([
      `missing-entries: no entry 3 of epoch ${epoch}`,
      `may-arrive: no entry 5 of epoch ${epoch}; 1 ${wait}`,
    ]);
  });

  it('are missing when those that waited have arrived since', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(1);
      const { sequence, atMs } = camera;
      camera.keep(1);
      await camera.report({ waiting: 1 });
      await camera.arriveLate(sequence + 1, atMs + 1);
    });
    expect(kinds).toEqual([`missing-entries: no entry 3 of epoch ${epoch}`]);
  });

  it('are missing after the newest report', async () => {
    const kinds = await found(async (camera) => {
      await camera.report({ waiting: 1 });
      camera.keep(1);
      await camera.frame();
    });
    expect(kinds).toEqual([`missing-entries: no entry 4 of epoch ${epoch}`]);
  });

  it('are missing in an epoch that another one followed: its spool is gone', async () => {
    const kinds = await found(async (camera) => {
      camera.keep(1);
      await camera.report({ waiting: 1 });
      camera.nextEpoch(epochs[1]);
      await camera.report();
    });
    expect(kinds).toEqual([`missing-entries: no entry 3 of epoch ${epoch}`]);
  });
});
