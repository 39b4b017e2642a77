/** Capture keeps its interval whatever the receiver does: by a clock that the test moves. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CapturedFrame } from '../../agent/source/frame-source.js';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import { Uplink } from '../../agent/uplink/uplink.js';
import { watch } from '../../agent/watch/watch.js';
import { systemClock } from '../../shared/clock.js';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { keptLog } from '../support/log.js';
import { makeJpeg } from '../support/pictures.js';
import { spoolSettings } from '../support/spool-settings.js';
import { temporaryDirectory } from '../support/temporary.js';
import { noStatus } from '../support/uplink-status.js';

const welcome = {
  type: 'welcome',
  receiver: '1',
  maxFrameBytes: 2 ** 24,
  maxInFlight: 8,
  clockMs: 0,
};

/** A receiver that welcomes an agent and then never reads another byte. */
async function startDeafReceiver(): Promise<{ port: number; accepted: Socket[] }> {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined);
    socket.write(preface);
    socket.write(encodeMessage(welcome)[0]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, accepted };
}

describe('a receiver that accepts and never reads', () => {
  it('does not move the interval between shots, and every shot waits on the disk', async () => {
    const { port, accepted } = await startDeafReceiver();
    const destination = { host: '127.0.0.1', port };
    const root = `${temporaryDirectory()}/spool`;
    const spools = await SpoolSet.onDisk(root, [destination], spoolSettings);
    const controller = new AbortController();
    const { signal } = controller;
    const { log } = keptLog();
    const spool = spools.spoolFor(destination);
    const delivering = new Uplink({
      status: noStatus,
      announces: false,
      ...{ destination, camera: 'yard', spools, clock: systemClock, log, random: () => 0 },
      keys: { keysFor: () => Promise.resolve([]) },
      signing: undefined,
      reports: undefined,
    }).run(signal);

    const clock = new FakeClock();
    const shotsAtMs: number[] = [];
    // Larger than what the system keeps for a peer that does not read: the link gets stuck.
    const jpeg = Buffer.concat([makeJpeg(1), Buffer.alloc(4 * 2 ** 20)]);
    const source = {
      name: 'a test',
      pace: 'shots' as const,
      next: () => {
        shotsAtMs.push(clock.monotonicMs());
        return Promise.resolve({ jpeg, capturedAtMs: clock.nowMs(), origin: 'a test' });
      },
      close: () => Promise.resolve(),
    };
    const verdict = {
      changed: true,
      reason: 'all',
      ratio: 0,
      boxes: [],
      event: undefined,
      strength: 0,
    } as const;
    const process = (frame: CapturedFrame) => [{ frame, verdict }];
    const parts = {
      ...{
        source,
        pipeline: { hasChange: false, process, finish: () => [] },
        outbox: spools,
        observers: [],
      },
      ...{ progress: { attempted: () => undefined }, clock, log, random: () => 0 },
    };
    const watching = watch(parts, { intervalMs: 1000, pauseCapMs: 60_000 }, signal);
    for (let shot = 1; shot <= 20; shot += 1) {
      await eventually(() => spool.waitingCount === shot, `shot ${shot} on the disk`);
      await clock.advance(1000);
    }
    expect(accepted.length).toBeGreaterThan(0);
    controller.abort();
    await watching;
    await delivering;
    const gaps = shotsAtMs.slice(1).map((atMs, index) => atMs - (shotsAtMs[index] ?? 0));
    expect(new Set(gaps)).toEqual(new Set([1000]));
    expect(spool.waitingCount).toBe(shotsAtMs.length);
  });
});
