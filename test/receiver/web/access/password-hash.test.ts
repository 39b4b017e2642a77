/** Hashes of passwords, and how many are checked at a time. */
import { describe, expect, it } from 'vitest';
import {
  PasswordChecks,
  hashPassword,
  isPasswordHash,
} from '../../../../receiver/web/access/password-hash.js';

describe('password hashes', () => {
  it('match their password only, and differ for the same password', async () => {
    const checks = new PasswordChecks();
    const hash = await hashPassword('garden gate é');
    expect(isPasswordHash(hash)).toBe(true);
    expect(await hashPassword('garden gate é')).not.toBe(hash);
    // The same letters, typed on another keyboard.
    expect(await checks.matches('garden gate e\u0301', hash)).toBe(true);
    expect(await checks.matches('garden gate e', hash)).toBe(false);
    expect(await checks.matches('garden gate é', undefined)).toBe(false);
  });

  it('are computed two at a time; some wait, the others are turned away', async () => {
    let [running, most, computed] = [0, 0, 0];
    const ends: (() => void)[] = [];
    const checks = new PasswordChecks(async () => {
      computed += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return Buffer.alloc(32);
    });
    const all = Array.from({ length: 40 }, () => checks.matches('x', undefined));
    while (computed < 18) {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const end of ends) end();
    const results = await Promise.all(all);
    expect(most).toBe(2);
    expect(results.filter((result) => result === false)).toHaveLength(18);
    expect(results.filter((result) => result === undefined)).toHaveLength(22);
    // Their places are free again. An unknown name costs a computation too.
    const last = checks.matches('x', undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(computed).toBe(19);
    ends.at(-1)?.();
    expect(await last).toBe(false);
  });
});
