/** Which connections are evicted and which are refused. */
import { describe, expect, it } from 'vitest';
import { maxPendingConnections } from '../../../receiver/limits/receiver-limits.js';
import { ConnectionLimiter } from '../../../receiver/limits/connection-limiter.js';

function openLimiter(settings = {}) {
  const limiter = new ConnectionLimiter({
    maxConnections: 3,
    maxConnectionsPerAddress: 2,
    ...settings,
  });
  const evicted: string[] = [];
  const accept = (address: string, name = address) =>
    limiter.accept(address, () => evicted.push(name));
  return { limiter, accept, evicted };
}

describe('pending connections', () => {
  it('beyond the limit evict the oldest of the address with the most', () => {
    const { accept, evicted } = openLimiter();
    accept('10.0.0.1', 'camera');
    for (let at = 1; at < maxPendingConnections; at += 1) accept('10.0.0.2', `flood ${at}`);
    expect(evicted).toEqual([]);
    accept('10.0.0.3');
    accept('10.0.0.2');
    expect(evicted).toEqual(['flood 1', 'flood 2']);
  });

  it('that ended or were admitted free their slots', () => {
    const { limiter, accept, evicted } = openLimiter();
    limiter.release(accept('10.0.0.1'));
    limiter.admit(accept('10.0.0.1'), true);
    for (let at = 0; at < maxPendingConnections; at += 1) accept('10.0.0.2');
    expect(evicted).toEqual([]);
    accept('10.0.0.2');
    expect(evicted).toHaveLength(1);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:db8:0:0:7::'],
    ['10.0.0.1', '::ffff:10.0.0.1'],
  ])('from %s and %s count as one address', (one, other) => {
    const { limiter, accept } = openLimiter({ maxConnectionsPerAddress: 1 });
    expect(limiter.admit(accept(one), false)).toBeUndefined();
    expect(limiter.admit(accept(other), false)).toContain('--max-connections-per-address');
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['fe80::1', 'fe80::2'],
    ['fd00::1', 'fd00::2'],
    ['10.0.0.1', '10.0.0.2'],
  ])('from %s and %s do not', (one, other) => {
    const { limiter, accept } = openLimiter({ maxConnectionsPerAddress: 1 });
    expect(limiter.admit(accept(one), false)).toBeUndefined();
    expect(limiter.admit(accept(other), false)).toBeUndefined();
  });
});

describe('admitted connections', () => {
  it('are limited by address without a key, and not limited with one', () => {
    const { limiter, accept } = openLimiter();
    for (const isPaired of [false, true]) {
      expect(limiter.admit(accept('10.0.0.1'), isPaired)).toBeUndefined();
      expect(limiter.admit(accept('10.0.0.1'), isPaired)).toBeUndefined();
    }
    expect(limiter.admit(accept('10.0.0.1'), false)).toBe(
      'busy: 2 connections from 10.0.0.1 are open, the limit set by --max-connections-per-address',
    );
    expect(limiter.admit(accept('10.0.0.1'), true)).toBeUndefined();
  });

  it('are limited in total, separately with and without a key', () => {
    const { limiter, accept } = openLimiter();
    const anonymous = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => accept(address));
    for (const slot of anonymous) expect(limiter.admit(slot, false)).toBeUndefined();
    expect(limiter.admit(accept('10.0.0.4'), false)).toContain('limit set by --max-connections');
    expect(limiter.admit(accept('10.0.0.4'), true)).toBeUndefined();
    if (anonymous[0]) limiter.release(anonymous[0]);
    expect(limiter.admit(accept('10.0.0.4'), false)).toBeUndefined();
  });
});
