/** A peer that proves no key gets the same bytes, whatever it knows or guesses. */
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccessControl } from '../../../receiver/access/access-control.js';
import { KeyRing } from '../../../receiver/access/keys/key-ring.js';
import { codeLifeMs, issueCode } from '../../../receiver/access/keys/pairing-codes.js';
import { refusingAlert } from '../../../receiver/access/tls.js';
import { systemClock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { pairingCode } from '../../../shared/keys/pairing-code.js';
import { makeHello } from '../../support/client-hello.js';
import { eventually } from '../../support/eventually.js';
import { keptLog } from '../../support/log.js';
import { pairBehindTheScenes } from '../../support/paired.js';
import { speakTo, startReceiver } from '../../support/receiver.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** A receiver with a paired camera, a fleet's camera, a code that is good, and one that has expired. */
async function startClosed() {
  const credentials = temporaryDirectory();
  writeFileSync(join(credentials, 'picchanged-keys'), `garage.k1 ${'5e'.repeat(32)}\n`);
  const { log } = keptLog();
  const doorOf = async (folder: Parameters<typeof KeyRing.open>[0]): Promise<AccessControl> => {
    const ring = await KeyRing.open(folder, credentials, systemClock);
    const onFirstPairing = (): Promise<void> => Promise.resolve();
    return new AccessControl({
      ring,
      isOpenAnyway: false,
      clock: systemClock,
      log,
      onFirstPairing,
    });
  };
  const receiver = await startReceiver({}, {}, false, doorOf);
  const lookUpClaim = vi.spyOn(receiver.access, 'lookUpClaim');
  const find = vi.spyOn(KeyRing.prototype, 'find');
  find.mockClear();
  const { id: keyId } = await pairBehindTheScenes(receiver.folder, 'yard');
  const idOfCode = async (camera: string, madeAtMs: number): Promise<string> =>
    pairingCode.parse(await issueCode(receiver.folder, camera, false, madeAtMs)).id;
  const code = await idOfCode('shed', Date.now());
  const expired = await idOfCode('porch', Date.now() - codeLifeMs);
  return { ...receiver, lookUpClaim, find, ids: { keyId, code, expired } };
}

type Ids = Awaited<ReturnType<typeof startClosed>>['ids'];

async function answerTo(port: number, ...pieces: readonly Buffer[]): Promise<Buffer> {
  const { socket, heard } = speakTo(port);
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await delay(1);
  }
  return await heard;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a peer that names a key', () => {
  it.each([
    ['a known camera and key, which it does not have', (ids: Ids) => `yard.${ids.keyId}`],
    ['a known camera, and a key id that is not known', () => 'yard.ffff'],
    ['an unknown camera', () => 'frontdoor.k1'],
    ["a fleet's camera and key", () => 'garage.k1'],
    ["a fleet's camera, and the next key id", () => 'garage.k2'],
    ['a code that is good', (ids: Ids) => `pair.${ids.code}`],
    ['a code that has expired', (ids: Ids) => `pair.${ids.expired}`],
    ['a code that is not known', () => 'pair.0011223344556677'],
  ])('gets one alert, byte for byte, and costs two look-ups: %s', async (_, nameOf) => {
    const { port, ids, find, lines } = await startClosed();
    expect(await answerTo(port, makeHello(nameOf(ids)))).toEqual(refusingAlert);
    // The first chooses the handshake queue, where it may wait; the second is for the handshake itself.
    expect(find.mock.calls).toEqual([[nameOf(ids)], [nameOf(ids)]]);
    const known = /the peer does not have this key|no camera has this key/;
    await eventually(() => lines.some((line) => known.test(line)), 'which it was, in the log');
  });

  it('gets the alert of an unknown key when the keys cannot be read', async () => {
    const { port, find, lines } = await startClosed();
    find.mockImplementation(() => {
      throw new OperationalError('KEYS', 'cannot read the keys');
    });
    expect(await answerTo(port, makeHello('yard.k1'))).toEqual(refusingAlert);
    await eventually(() => lines.some((line) => line.includes('cannot read the keys')), 'the log');
  });

  it('is logged as a wrong key or as an unknown camera', async () => {
    const { port, ids, lines } = await startClosed();
    await answerTo(port, makeHello(`yard.${ids.keyId}`));
    await answerTo(port, makeHello('frontdoor.k1'));
    const said = (words: string) =>
      eventually(() => lines.find((line) => line.includes(words)), words);
    expect(await said('the peer does not have this key')).toContain(`yard.${ids.keyId}`);
    expect(await said('no camera has this key')).toContain('frontdoor.k1');
  });
});

describe('a peer whose ClientHello is not that of an agent', () => {
  const named = 'yard.ffff';
  it.each([
    ['no key', [makeHello(named, { without: [41] })]],
    ['two keys', [makeHello(named, { identities: [named, named] })]],
    ['no name of a key', [makeHello('yard')]],
    ['TLS 1.2', [makeHello(named, { versions: [0x0303] })]],
    ['a group that would need a second hello', [makeHello(named, { shares: [0x0018] })]],
    ['a fragment', [makeHello(named).subarray(0, 5), Buffer.from([2, 0, 0, 0])]],
    ['more at once', [Buffer.concat([makeHello(named), Buffer.alloc(65536)])]],
    ['a record of 64 kB', [Buffer.from([22, 3, 1, 0xff, 0xff]), Buffer.alloc(0xffff)]],
    ['bytes one by one', [...Buffer.from([22, 3, 1, 9, 0])].map((byte) => Buffer.of(byte))],
  ])('gets the same alert, and no key is looked up: %s', async (_, pieces) => {
    const { port, lookUpClaim, find } = await startClosed();
    expect(await answerTo(port, ...pieces)).toEqual(refusingAlert);
    expect(lookUpClaim).not.toHaveBeenCalled();
    expect(find).not.toHaveBeenCalled();
  });

  it('is answered after its first record, whatever follows', async () => {
    const { port, find } = await startClosed();
    const noise = Array.from({ length: 20 }, () => randomBytes(8192));
    await answerTo(port, makeHello(named), ...noise);
    // None when the noise arrived with the record.
    expect(find.mock.calls.length).toBeLessThanOrEqual(2);
  });
});
