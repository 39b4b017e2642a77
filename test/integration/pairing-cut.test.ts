/**
 * A pairing that is cut after any of its chunks, on either of its connections. Repeating the command finishes it, with
 * the same key on both sides.
 */
import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../agent/uplink/keys/key-store.js';
import { SigningKey } from '../../agent/uplink/keys/signing-key.js';
import { pairWith } from '../../agent/uplink/pair.js';
import { KeyRing } from '../../receiver/access/keys/key-ring.js';
import { issueCode } from '../../receiver/access/keys/pairing-codes.js';
import { systemClock } from '../../shared/clock.js';
import { formatIdentity } from '../../shared/keys/identity.js';
import { makePairingCode, pairingCode } from '../../shared/keys/pairing-code.js';
import { openMitmProxy } from '../support/mitm-proxy.js';
import { startReceiver } from '../support/receiver.js';
import { temporaryDirectory } from '../support/temporary.js';

/** @param cutAt the network is cut once before this chunk, counted over both directions */
async function stage(cutAt: number) {
  const receiver = await startReceiver();
  let passed = 0;
  const { port } = await openMitmProxy({
    targetPort: receiver.port,
    pass: (chunk) => {
      passed += 1;
      return passed === cutAt ? undefined : chunk;
    },
  });
  const code = pairingCode.parse(await issueCode(receiver.folder, 'yard', false, Date.now()));
  const state = temporaryDirectory();
  const keys = new KeyStore(state, undefined);
  const { publicKey } = await SigningKey.open(state);
  const destination = { host: '127.0.0.1', port };
  const pair = (): Promise<string> =>
    pairWith(destination, code, { keys, publicKey }, new AbortController().signal);
  const agreed = async () => {
    const ring = await KeyRing.open(receiver.folder, undefined, systemClock);
    const [first, ...more] = await keys.keysFor(destination, 'yard');
    const identity = first && formatIdentity({ name: first.camera, keyId: first.id });
    const held = identity === undefined ? undefined : ring.find(identity);
    return {
      isSame: first !== undefined && held?.key.equals(first.key),
      keysLeft: more.length,
      codeWorks: ring.find(`pair.${code.id}`) !== undefined,
      isClosed: ring.isClosed(),
      isSignerPinned: ring.signerOf('yard') === publicKey,
    };
  };
  return { receiver, code, pair, agreed, passed: () => passed };
}

const done = {
  ...{ isSame: true, keysLeft: 0, codeWorks: false, isClosed: true },
  isSignerPinned: true,
};

describe('a pairing', () => {
  it('without a cut ends with one key on both sides, and no code', async () => {
    const { pair, agreed, code } = await stage(0);
    expect(await pair()).toBe('yard');
    expect(await agreed()).toEqual(done);
    const again = await pair().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(again).toMatchObject({
      code: 'KEYS',
      message: expect.stringContaining('code') as string,
    });
    expect(String(again)).not.toContain(code.key.toString('hex'));
  });

  it('cut anywhere is finished by repeating the command', async () => {
    const whole = await stage(0);
    await whole.pair();
    // The end of a connection may be read with or without the data before it.
    const most = whole.passed() + 2;
    expect(most).toBeGreaterThan(8);
    const outcomes: string[] = [];
    for (let cutAt = 1; cutAt <= most; cutAt += 1) {
      const { pair, agreed } = await stage(cutAt);
      const first = await pair().catch(() => 'cut');
      // When only the last bye is lost, the pairing has succeeded already.
      if (first === 'cut') expect({ cutAt, said: await pair() }).toEqual({ cutAt, said: 'yard' });
      expect({ cutAt, ...(await agreed()) }).toEqual({ cutAt, ...done });
      outcomes.push(first);
    }
    expect(outcomes).toContain('cut');
  });

  it('with an unknown code is refused, and writes no key', async () => {
    const { receiver, agreed } = await stage(0);
    const keys = new KeyStore(temporaryDirectory(), undefined);
    const wrong = pairingCode.parse(makePairingCode());
    const destination = { host: '127.0.0.1', port: receiver.port };
    const parts = { keys, publicKey: 'none' };
    const pairing = pairWith(destination, wrong, parts, new AbortController().signal);
    await expect(pairing).rejects.toMatchObject({ code: 'KEYS' });
    expect(await keys.keysFor(destination, 'yard')).toEqual([]);
    expect(await agreed()).toMatchObject({ codeWorks: true, isClosed: false });
  });
});
