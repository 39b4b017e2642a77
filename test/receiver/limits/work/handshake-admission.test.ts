/** Handshake admission: which handshakes are served when there are too many. */
import { describe, expect, it } from 'vitest';
import { maxHandshakesWaiting } from '../../../../receiver/limits/receiver-limits.js';
import { HandshakeAdmission } from '../../../../receiver/limits/work/handshake-admission.js';
import { WorkQueue } from '../../../../receiver/limits/work/work-queue.js';
import { FakeClock } from '../../../support/fake-clock.js';

const home = '192.168.0.7';
const elsewhere = '192.168.0.66';

function setUp() {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  let lookUps = 0;
  const hasKey = (identity: string): boolean => {
    lookUps += 1;
    return /^(front|yard)\./.test(identity);
  };
  const admission = new HandshakeAdmission({ queue, clock, keys: { hasKey } });
  const served: string[] = [];
  const connect = (
    name: string,
    identity: string | undefined,
    address: string,
    hasKey = false,
    signal = new AbortController().signal,
  ): Promise<void> =>
    admission.admit(address, identity, signal).then(
      (report) => {
        report(hasKey);
        served.push(name);
      },
      (error: unknown) => void served.push(`${name}: ${String(error)}`),
    );
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 10) await clock.advance(10);
  };
  const flood = (count: number, identity: string | undefined, address: string): void => {
    for (let at = 0; at < count; at += 1) void connect('flood', identity, address);
  };
  const floods = (): number => served.filter((name) => name === 'flood').length;
  return { admission, queue, served, connect, pass, flood, floods, lookUps: () => lookUps };
}

describe('TLS handshakes', () => {
  it('within the budgets are served at once', async () => {
    const { connect, served } = setUp();
    await connect('camera', 'front.k1', home);
    await connect('code', 'pair.c1', home);
    await connect('nothing', undefined, home);
    expect(served).toEqual(['camera', 'code', 'nothing']);
  });

  it('of unknown identities are limited by address and in total', async () => {
    const { pass, flood, floods } = setUp();
    flood(60, 'nobody.k1', elsewhere);
    await pass(2000);
    // 20 ms per second for 2 ms each: the burst, and what was added.
    expect(floods()).toBeLessThanOrEqual(1 + 10 + 20);
    expect(floods()).toBeGreaterThanOrEqual(25);
    const before = floods();
    for (let at = 1; at <= 60; at += 1) flood(1, undefined, `10.0.0.${at}`);
    await pass(1000);
    expect(floods() - before).toBeLessThanOrEqual(1 + 25 + 25 + 10);
  });

  it('of a camera where it has proven its key do not wait for others', async () => {
    const { connect, served, pass, flood } = setUp();
    await connect('camera', 'front.k1', home, true);
    flood(200, 'nobody.k1', elsewhere);
    flood(200, undefined, home);
    flood(200, 'front.k1', elsewhere);
    await pass(20);
    served.length = 0;
    const coming = connect('camera', 'front.k1', home);
    await pass(10);
    expect(served).toContain('camera');
    await coming;
  });

  it('of a known identity go before unknown ones, also from a new address', async () => {
    const { connect, served, pass, flood } = setUp();
    flood(120, 'nobody.k1', elsewhere);
    await pass(1000);
    served.length = 0;
    const coming = connect('camera', 'yard.k1', elsewhere);
    await pass(20);
    expect(served).toContain('camera');
    await coming;
  });

  it('that replay a sniffed identity do not lock out the camera at a new address', async () => {
    const { connect, served, pass, flood } = setUp();
    flood(120, 'front.k1', elsewhere);
    await pass(1000);
    served.length = 0;
    const coming = connect('camera', 'front.k1', home, true);
    await pass(200);
    expect(served).toContain('camera');
    await coming;
    served.length = 0;
    await connect('camera', 'front.k1', home, true);
    expect(served).toContain('camera');
  });

  it('that failed prove nothing', async () => {
    const { connect, lookUps } = setUp();
    await connect('anonymous', 'front.k1', elsewhere, false);
    await connect('anonymous', 'front.k1', elsewhere, false);
    expect(lookUps()).toBe(2);
    await connect('camera', 'front.k1', home, true);
    await connect('camera', 'front.k1', home, true);
    expect(lookUps()).toBe(3);
  });

  it('are cancelled when the connection closes', async () => {
    const { connect, served, pass, flood, queue } = setUp();
    flood(20, undefined, home);
    await pass(10);
    const closed = new AbortController();
    const coming = connect('closed', undefined, home, false, closed.signal);
    await pass(10);
    closed.abort();
    await coming;
    expect(served.at(-1)).toContain('connection closed');
    await connect('late', undefined, home, false, closed.signal);
    expect(served.at(-1)).toContain('late: OperationalError: connection closed before its');
    await pass(3000);
    expect(queue.length).toBe(0);
  });

  it('that wait without a known identity are limited in number', async () => {
    const { served, pass, flood, queue } = setUp();
    flood(maxHandshakesWaiting + 100, undefined, elsewhere);
    await pass(10);
    expect(queue.length).toBeLessThanOrEqual(maxHandshakesWaiting);
    expect(
      served.filter((name) => name.includes('too many handshakes wait')).length,
    ).toBeGreaterThan(50);
  });
});
