/** Which keys a receiver accepts, over a real folder. */
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KeyFolder } from '../../../../receiver/access/keys/key-folder.js';
import { type KeyHolder, KeyRing } from '../../../../receiver/access/keys/key-ring.js';
import {
  issueCode,
  listCameras,
  removeCamera,
} from '../../../../receiver/access/keys/pairing-codes.js';
import { pairingCode } from '../../../../shared/keys/pairing-code.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { becomeNobody } from '../../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const minuteMs = 60_000;
const camera = 'frontdoor';
const key = { id: 'k0', key: 'ab'.repeat(32) };
const codeUntil = (expiresAtMs: number) => ({
  code: { id: 'c0', key: 'cd'.repeat(32), expiresAtMs },
});
const agreedKey = (id: string) => ({ camera, id, key: Buffer.alloc(32, id) });

async function openRing(credentials?: string) {
  const clock = new FakeClock();
  const root = temporaryDirectory();
  chmodSync(root, 0o755);
  const folder = new KeyFolder(join(root, 'keys'));
  const ring = await KeyRing.open(folder, credentials, clock);
  const issue = async (isRotation = false): Promise<KeyHolder> => {
    const text = await issueCode(folder, camera, isRotation, clock.nowMs());
    const { id, key } = pairingCode.parse(text);
    expect(ring.find(`pair.${id}`)).toEqual({ holder: { camera, id, isPairing: true }, key });
    return { camera, id, isPairing: true };
  };
  const prove = (id: string): Promise<boolean> => ring.confirmKey({ camera, id, isPairing: false });
  /** Completes a pairing. */
  const pair = async (keyId: string, isRotation = false): Promise<KeyHolder> => {
    const code = await issue(isRotation);
    await ring.offer(code, agreedKey(keyId));
    expect(await prove(keyId)).toBe(true);
    return code;
  };
  return { clock, root, folder, ring, issue, prove, pair };
}

describe('a key ring', () => {
  it('that never had a key is open, has no cameras, and makes no folder', async () => {
    const { ring, root } = await openRing();
    expect([ring.isClosed(), ring.hasCodes(), ring.cameras()]).toEqual([false, false, []]);
    expect(ring.find('frontdoor.k1')).toBeUndefined();
    expect(readdirSync(root)).toEqual([]);
  });

  it('is closed by the first key that is proven, not by a code', async () => {
    const { ring, issue, prove } = await openRing();
    const code = await issue();
    expect([ring.isClosed(), ring.hasCodes()]).toEqual([false, true]);
    await ring.offer(code, agreedKey('k1'));
    expect([ring.isClosed(), ring.cameras()]).toEqual([false, []]);
    await prove('k1');
    expect([ring.isClosed(), ring.cameras()]).toEqual([true, [camera]]);
  });

  it('keeps the code until the key is proven, and not longer', async () => {
    const { ring, issue, prove } = await openRing();
    const code = await issue();
    await ring.offer(code, agreedKey('k1'));
    // Connection cut: the agent never received k1, and connects again.
    expect(ring.isStillValid(code)).toBe(true);
    await ring.offer(code, agreedKey('k2'));
    expect(ring.find('frontdoor.k1')).toBeUndefined();
    expect(ring.find('frontdoor.k2')?.key).toEqual(Buffer.alloc(32, 'k2'));
    await prove('k2');
    expect(ring.find(`pair.${code.id}`)).toBeUndefined();
    expect(ring.isStillValid(code)).toBe(false);
    await expect(ring.offer(code, agreedKey('k3'))).rejects.toMatchObject({ code: 'KEYS' });
    expect(await prove('k2')).toBe(false);
  });

  it('forgets a code, and a key that was not proven, after 15 minutes', async () => {
    const { ring, issue, clock } = await openRing();
    const code = await issue();
    await ring.offer(code, agreedKey('k1'));
    await clock.advance(15 * minuteMs - 1);
    expect(ring.find('frontdoor.k1')).toBeDefined();
    await clock.advance(1);
    expect(ring.find('frontdoor.k1')).toBeUndefined();
    expect(ring.find(`pair.${code.id}`)).toBeUndefined();
    expect(ring.hasCodes()).toBe(false);
  });

  it('pins the key of signatures that came with the pairing, until the next one', async () => {
    const { ring, issue, prove, pair, clock } = await openRing();
    const code = await issue();
    await ring.offer(code, agreedKey('k1'), 'first');
    expect(ring.signerOf(camera)).toBeUndefined();
    await prove('k1');
    expect(ring.signerOf(camera)).toBe('first');
    expect(await ring.pinSigner(camera, 'other')).toBe('first');
    // A code that nobody uses leaves it.
    await issue(true);
    expect(ring.signerOf(camera)).toBe('first');
    await clock.advance(16 * minuteMs);
    expect(ring.hasCodes()).toBe(false);
    await ring.settled();
    expect(ring.signerOf(camera)).toBe('first');
    const rotation = await issue(true);
    await ring.offer(rotation, agreedKey('k2'), 'second');
    expect(ring.signerOf(camera)).toBe('first');
    await prove('k2');
    expect(ring.signerOf(camera)).toBe('second');
    // An agent of 0.1 does not sign.
    await pair('k3', true);
    expect(ring.signerOf(camera)).toBeUndefined();
  });

  it('keeps each public key that a camera had, also when it is unpaired: earlier pictures need it', async () => {
    const { ring, root, issue, prove, folder } = await openRing();
    const pairWith = async (id: string, publicKey: string): Promise<void> => {
      await ring.offer(await issue(id !== 'k1'), agreedKey(id), publicKey);
      await prove(id);
    };
    const earlier = (): string[] =>
      readdirSync(join(root, 'keys'))
        .filter((name) => /^frontdoor\.earlier-[0-9a-f]{8}\.pem$/.test(name))
        .map((name) => readFileSync(join(root, 'keys', name), 'utf8'))
        .sort();
    await pairWith('k1', 'first');
    expect(earlier()).toEqual([]);
    await pairWith('k2', 'first');
    expect(earlier()).toEqual([]);
    await pairWith('k3', 'second');
    expect(earlier()).toEqual(['first']);
    await removeCamera(folder, camera);
    expect(earlier()).toEqual(['first', 'second']);
    expect(ring.cameras()).toEqual([]);
  });

  it('pins the first key of a camera that was paired without one', async () => {
    const { ring, pair } = await openRing();
    await pair('k1');
    expect(await ring.pinSigner(camera, 'first')).toBe('first');
    expect(await ring.pinSigner(camera, 'other')).toBe('first');
    expect(ring.isPaired(camera)).toBe(true);
  });

  it('removes a code that it finds expired, so that a clock that is set back does not make it valid', async () => {
    const { ring, folder, issue, clock } = await openRing();
    const code = await issue();
    await ring.offer(code, agreedKey('k1'));
    await folder.update('shed', () => ({ paired: { ...key, pairedAtMs: 0 }, ...codeUntil(0) }));
    await clock.advance(16 * minuteMs);
    expect(ring.hasCodes()).toBe(false);
    clock.setWall(clock.nowMs() - 2 * minuteMs);
    for (const identity of [`pair.${code.id}`, 'frontdoor.k1', 'pair.c0']) {
      expect(ring.find(identity)).toBeUndefined();
    }
    await ring.settled();
    expect(folder.cameras()).toEqual([
      { camera: 'shed', file: { paired: { ...key, pairedAtMs: 0 } } },
    ]);
  });

  it('ends a code after 15 minutes though the clock is set back before', async () => {
    const { ring, issue, clock } = await openRing();
    const code = await issue();
    await clock.advance(14 * minuteMs);
    clock.setWall(clock.nowMs() - 10 * minuteMs);
    expect(ring.find(`pair.${code.id}`)).toBeDefined();
    await clock.advance(minuteMs);
    expect(ring.find(`pair.${code.id}`)).toBeUndefined();
    await ring.settled();
  });

  it('loses expired codes of every camera when anything is changed', async () => {
    const { folder, clock } = await openRing();
    await issueCode(folder, 'shed', false, clock.nowMs());
    await clock.advance(15 * minuteMs);
    await issueCode(folder, 'yard', false, clock.nowMs());
    expect(folder.cameras().map((each) => each.camera)).toEqual(['yard']);
  });

  it('has only the newest code of a camera', async () => {
    const { ring, issue } = await openRing();
    const first = await issue();
    await issue();
    expect(ring.find(`pair.${first.id}`)).toBeUndefined();
  });

  it('accepts a new code at once after a quiet time of the folder, and drops a removed one at once', async () => {
    const { ring, folder, issue } = await openRing();
    await folder.update('shed', () => ({ paired: { ...key, pairedAtMs: 0 } }));
    expect(ring.hasCodes()).toBe(false);
    // Longer than the age up to which files are always read again.
    await delay(2500);
    expect([ring.hasCodes(), ring.hasCodes()]).toEqual([false, false]);
    const code = await issue();
    expect(ring.hasCodes()).toBe(true);
    await delay(2500);
    expect(ring.find(`pair.${code.id}`)).toBeDefined();
    await removeCamera(folder, camera);
    expect(ring.find(`pair.${code.id}`)).toBeUndefined();
  });

  it('accepts the old key and the new one, until the new one is used', async () => {
    const { ring, issue, prove, pair } = await openRing();
    await pair('k1');
    const code = await issue(true);
    await ring.offer(code, agreedKey('k2'));
    expect([ring.find('frontdoor.k1'), ring.find('frontdoor.k2')]).not.toContain(undefined);
    expect(await prove('k1')).toBe(false);
    expect([ring.find('frontdoor.k1'), ring.find('frontdoor.k2')]).not.toContain(undefined);
    expect(await prove('k2')).toBe(true);
    expect(ring.find('frontdoor.k1')).toBeUndefined();
    expect(ring.isStillValid({ camera, id: 'k2', isPairing: false })).toBe(true);
  });

  it('changes a key with --rotate only, and only where there is one', async () => {
    const { issue, pair } = await openRing();
    await expect(issue(true)).rejects.toThrow('not paired');
    await pair('k1');
    await expect(issue()).rejects.toThrow('paired already');
  });

  it('refuses an unpaired camera, and stays closed', async () => {
    const { ring, folder, pair } = await openRing();
    await pair('k1');
    await ring.noteSeen(camera, '192.168.1.7');
    await removeCamera(folder, camera);
    expect(ring.find('frontdoor.k1')).toBeUndefined();
    expect(ring.isStillValid({ camera, id: 'k1', isPairing: false })).toBe(false);
    expect(ring.isClosed()).toBe(true);
    expect(new KeyFolder(folder.path).isClosed()).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual(['.lock', 'closed']);
    await expect(removeCamera(folder, camera)).rejects.toThrow('is not paired');
  });

  it('stays closed when its folder vanishes while it runs', async () => {
    const { ring, folder, pair } = await openRing();
    await pair('k1');
    await rm(folder.path, { recursive: true });
    expect(ring.isClosed()).toBe(true);
    expect(ring.find('frontdoor.k1')).toBeUndefined();
  });

  it('accepts two cameras with the same key id by their own keys', async () => {
    const credentials = temporaryDirectory();
    const lines = ['a', 'b'].map((letter) => `cam-${letter}.k ${letter.repeat(64)}\n`);
    writeFileSync(join(credentials, 'picchanged-keys'), lines.join(''));
    const { ring } = await openRing(credentials);
    expect([ring.isClosed(), ring.cameras()]).toEqual([true, ['cam-a', 'cam-b']]);
    expect(ring.find('cam-a.k')?.key).toEqual(Buffer.alloc(32, 0xaa));
    expect(ring.find('cam-b.k')?.key).toEqual(Buffer.alloc(32, 0xbb));
    expect(ring.find('cam-c.k')).toBeUndefined();
  });

  it('does not confuse a camera named pair with the codes', async () => {
    const credentials = temporaryDirectory();
    writeFileSync(join(credentials, 'picchanged-keys'), `pair.k1 ${'ab'.repeat(32)}\n`);
    const { ring } = await openRing(credentials);
    expect(ring.find('pair.k1')?.holder).toEqual({ camera: 'pair', id: 'k1', isPairing: false });
  });

  it.each([
    '',
    'frontdoor',
    '../keys/frontdoor.k1',
    'frontdoor.',
    '.k1',
    'frontdoor.k1\0',
    'raw-x.k1',
  ])('knows nobody who calls himself %j', async (identity) => {
    const { ring, pair } = await openRing();
    await pair('k1');
    expect(ring.find(identity)).toBeUndefined();
  });

  it('that cannot be read is an error, and never opens the receiver', async () => {
    const { folder, clock, pair } = await openRing();
    await pair('k1');
    becomeNobody();
    await expect(KeyRing.open(folder, undefined, clock)).rejects.toMatchObject({ code: 'KEYS' });
    expect(() => new KeyFolder(folder.path).isClosed()).toThrow('cannot read the keys');
  });

  it.each(['', '{', '{"paired":{"id":"k1","key":"12"}}', 'null'])(
    'with a damaged file (%j) is an error that does not repeat it',
    async (text) => {
      const { folder, clock } = await openRing();
      mkdirSync(folder.path);
      writeFileSync(join(folder.path, 'frontdoor.json'), text);
      const opening = KeyRing.open(folder, undefined, clock);
      await expect(opening).rejects.toThrow(/frontdoor\.json: not a valid key file$/);
    },
  );

  it('is kept in files for its owner alone', async () => {
    const { folder, pair, ring } = await openRing();
    await pair('k1');
    await ring.noteSeen(camera, '::1');
    const mode = (name: string): string =>
      (statSync(join(folder.path, name)).mode & 0o777).toString(8);
    expect(mode('.')).toBe('700');
    expect(readdirSync(folder.path).map(mode)).toEqual(['600', '600', '600', '600']);
    expect(readFileSync(join(folder.path, 'frontdoor.json'), 'utf8')).not.toContain('code');
  });

  it('with two keys written at once loses neither', async () => {
    const { folder, clock } = await openRing();
    const names = Array.from({ length: 6 }, (_, index) => `cam-${index}`);
    const ways = [...names, ...names].map((name) => issueCode(folder, name, false, clock.nowMs()));
    await Promise.all(ways);
    expect(folder.cameras().map((each) => each.camera)).toEqual(names);
  });

  it('lists the paired cameras, since when, and when and from where each was last connected', async () => {
    const { ring, folder, clock, pair, issue } = await openRing();
    await issueCode(folder, 'yard', false, clock.nowMs());
    await pair('k1');
    const pairedAtMs = clock.nowMs();
    await clock.advance(minuteMs);
    await ring.noteSeen(camera, '192.168.1.7');
    await issue(true);
    const soon = clock.nowMs() + 15 * minuteMs;
    expect(await listCameras(folder, clock.nowMs())).toEqual([
      {
        ...{ camera, pairedAtMs, codeExpiresAtMs: soon },
        seen: { atMs: clock.nowMs(), from: '192.168.1.7' },
      },
      { camera: 'yard', pairedAtMs: undefined, codeExpiresAtMs: soon - minuteMs, seen: undefined },
    ]);
  });
});
