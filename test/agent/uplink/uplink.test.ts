/** The uplink against a real receiver, and against peers that misbehave. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { maxRetryAfterMs } from '../../../agent/uplink/uplink-limits.js';
import type { PendingReports } from '../../../agent/spool/spool.js';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { Uplink } from '../../../agent/uplink/uplink.js';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { maxHeaderBytes, preface } from '../../../shared/protocol/protocol-limits.js';
import { MessageDecoder, encodeMessage } from '../../../shared/protocol/wire.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { filesBelow } from '../../support/files.js';
import { keptLog } from '../../support/log.js';
import { makeJpeg } from '../../support/pictures.js';
import { freePort } from '../../support/ports.js';
import { startReceiver } from '../../support/receiver.js';
import { noReport, spoolSettings } from '../../support/spool-settings.js';
import { noStatus } from '../../support/uplink-status.js';

function startUplink(
  port: number,
  host = '127.0.0.1',
  clock: Clock = systemClock,
  reports?: PendingReports,
) {
  const lost: string[] = [];
  const destination = { host, port };
  const spools = SpoolSet.inMemory([destination], {
    ...spoolSettings,
    report: { ...noReport, failed: (_, error) => lost.push(String(error)) },
  });
  const spool = spools.spoolFor(destination);
  const { log, lines } = keptLog();
  const uplink = new Uplink({
    status: noStatus,
    announces: false,
    destination,
    keys: { keysFor: () => Promise.resolve([]) },
    camera: 'yard',
    signing: undefined,
    reports,
    spools,
    clock,
    log,
    random: () => 0,
  });
  const controller = new AbortController();
  const running = uplink.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await running;
  });
  const add = (number: number, jpeg = makeJpeg(number)) =>
    spools.add({
      jpeg,
      capturedAtMs: Date.UTC(2026, 10, 22) + number,
      utcOffsetMinutes: 0,
      verdict: { reason: 'change', ratio: 0.5, boxes: [[0, 0, 8, 8]] },
    });
  const delivered = (): Promise<boolean> =>
    eventually(() => spool.waitingCount === 0, 'everything delivered');
  return { spool, uplink, lines, lost, add, delivered, running };
}

/** A peer with a handler for each connection. */
async function startPeer(onConnection: (socket: Socket, nth: number) => void, port = 0) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
    onConnection(socket, (count += 1));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, close, connections: () => count };
}

const welcome = {
  type: 'welcome',
  receiver: '1',
  maxFrameBytes: 2 ** 20,
  maxInFlight: 2,
  clockMs: 0,
};

/** Calls `take` with the sequences of the frames in each chunk. */
function onFrames(socket: Socket, take: (sequences: number[]) => void): void {
  const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 2 ** 20 });
  let skip = preface.length;
  socket.on('data', (chunk: Buffer) => {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    const frames = decoder
      .push(chunk.subarray(skipped))
      .filter(({ header }) => header.type === 'frame');
    if (frames.length > 0) take(frames.map(({ header }) => Number(header.sequence)));
  });
}

function send(socket: Socket, header: object): void {
  socket.write(encodeMessage(header)[0]);
}

describe('an uplink', () => {
  it('delivers waiting and added frames, byte for byte', async () => {
    const { port, directory } = await startReceiver();
    const { add, delivered } = startUplink(port);
    for (let number = 1; number <= 30; number += 1) await add(number);
    await delivered();
    await add(31);
    await delivered();
    const names = filesBelow(directory);
    expect(names).toHaveLength(31);
    expect(readFileSync(join(directory, names[30] ?? ''))).toEqual(makeJpeg(31));
  });

  it('delivers to a receiver that starts later, and logs the failure and the recovery', async () => {
    const port = await freePort();
    const { add, delivered, lines } = startUplink(port);
    await add(1);
    await eventually(() => lines.some((line) => line.includes('ECONNREFUSED')), 'a logged failure');
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, welcome);
      send(socket, { type: 'stored', sequence: 1, name: 'x', duplicate: false });
      socket.on('data', () =>
        send(socket, { type: 'stored', sequence: 1, name: 'x', duplicate: false }),
      );
    }, port);
    await delivered();
    expect(peer.connections()).toBe(1);
    const warnings = lines.filter((line) => line.startsWith('<4>'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('check that the receiver runs');
    expect(lines.join('\n')).toContain('again');
  });

  it('sends unacknowledged frames again on a new connection', async () => {
    const { port, directory } = await startReceiver();
    const { connect } = await import('node:net');
    // A proxy that cuts the first connection before the first answer.
    const peer = await startPeer((socket, nth) => {
      const onward = connect(port, '127.0.0.1');
      onward.on('error', () => undefined);
      socket.pipe(onward);
      let answered = 0;
      onward.on('data', (chunk) => {
        answered += chunk.length;
        if (nth === 1 && answered > 250) socket.destroy();
        else socket.write(chunk);
      });
      socket.on('close', () => onward.destroy());
    });
    const { add, delivered } = startUplink(peer.port);
    for (let number = 1; number <= 5; number += 1) await add(number);
    await delivered();
    expect(peer.connections()).toBeGreaterThan(1);
    expect(filesBelow(directory)).toHaveLength(5);
  });

  it('does not send a frame again while the spool removes it', async () => {
    const { port } = await startReceiver();
    const { add, delivered, spool, lines } = startUplink(port);
    const acknowledge = spool.acknowledge.bind(spool);
    let added = 1;
    spool.acknowledge = async (sequence) => {
      // The spool makes one change at a time: the frame that is being added is first.
      if (added < 5) await add((added += 1));
      await acknowledge(sequence);
    };
    await add(1);
    await eventually(() => added === 5, 'five frames added');
    await delivered();
    expect(lines.filter((line) => line.includes('duplicate=false'))).toHaveLength(5);
    expect(lines.join('\n')).not.toContain('duplicate=true');
  });

  it('has no more frames in flight than the receiver allows', async () => {
    const seen: number[] = [];
    let isOver = false;
    const peer = await startPeer((socket, nth) => {
      if (nth > 1) return;
      onFrames(socket, (sequences) => {
        seen.push(...sequences);
        // Nothing is acknowledged: all frames that were sent arrive before the end.
        if (seen.length >= 2) send(socket, { type: 'bye', code: 'stopping', retryAfterMs: 0 });
      });
      socket.on('close', () => (isOver = true));
      socket.write(preface);
      // All frames wait before the welcome, so the limit decides how many are sent at once.
      void added.then(() => send(socket, welcome));
    });
    const { add } = startUplink(peer.port);
    const added = Promise.all(Array.from({ length: 10 }, (_, index) => add(index + 1)));
    await eventually(() => isOver, 'the end of the connection');
    expect(seen).toEqual([1, 2]);
  });

  it('removes a frame only after its own acknowledgement', async () => {
    const seen: number[] = [];
    const stored = (sequence: number) => ({
      type: 'stored',
      sequence,
      name: 'x',
      duplicate: false,
    });
    const peer = await startPeer((socket) => {
      onFrames(socket, (sequences) => {
        seen.push(...sequences);
        // For frames that were not sent, one of them waiting; then for the frame that was sent.
        if (seen.length === 1) for (const sequence of [77, 2, 1]) send(socket, stored(sequence));
      });
      socket.write(preface);
      send(socket, { ...welcome, maxInFlight: 1 });
    });
    const { add, spool } = startUplink(peer.port);
    await add(1);
    await add(2);
    await eventually(() => seen.length === 2, 'the second frame sent');
    expect(seen).toEqual([1, 2]);
    expect(spool.waitingCount).toBe(1);
  });

  it('sets a frame aside that is refused for good, and sends it again if refused for now', async () => {
    const seen: string[] = [];
    const peer = await startPeer((socket) => {
      const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 2 ** 20 });
      let skip = preface.length;
      socket.write(preface);
      send(socket, welcome);
      socket.on('data', (chunk) => {
        const skipped = Math.min(skip, chunk.length);
        skip -= skipped;
        for (const { header } of decoder.push(chunk.subarray(skipped))) {
          const { type, sequence } = header;
          if (type !== 'frame' && type !== 'dropped') continue;
          seen.push(`${type} ${Number(sequence)}`);
          const refusal = { code: 'x', message: 'no', retry: seen.length === 1, retryAfterMs: 0 };
          if (type === 'frame') send(socket, { type: 'refused', sequence, ...refusal });
          else send(socket, { type: 'stored', sequence, name: 'x', duplicate: false });
        }
      });
    });
    const { add, delivered, lost } = startUplink(peer.port);
    await add(1);
    await delivered();
    expect(seen).toEqual(['frame 1', 'frame 1', 'dropped 2']);
    expect(lost).toEqual([expect.stringMatching(/frame 1 dropped, .*: no$/)]);
  });

  const large = makeJpeg(1, { widthPx: 400, heightPx: 400 });
  const limit = large.length - 1;

  it('skips a frame that exceeds the receiver limit, and logs it once', async () => {
    const { port, directory } = await startReceiver({ maxFrameBytes: limit });
    const { add, spool, lines, lost } = startUplink(port);
    await add(1, large);
    for (const number of [2, 3, 4]) await add(number);
    await eventually(() => spool.waitingCount === 1, 'the others delivered');
    expect(filesBelow(directory)).toHaveLength(3);
    expect(spool.has(1)).toBe(true);
    expect(lost).toEqual([]);
    const logged = lines.filter((line) => line.includes('frames exceed the receiver limit'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(/frames=1 largest=\d+ limit=\d+ hint=.*--max-frame/);
  });

  it('ends when it is drained and only skipped frames wait', async () => {
    const { port, directory } = await startReceiver({ maxFrameBytes: limit });
    const { add, spool, uplink, running } = startUplink(port);
    for (const number of [1, 2]) await add(number, large);
    await add(3);
    uplink.drain();
    await running;
    expect(filesBelow(directory)).toHaveLength(1);
    expect([spool.waitingCount, uplink.isPending]).toEqual([2, false]);
  });

  it('delivers a large frame on the next connection when the receiver limit is larger', async () => {
    const { connect } = await import('node:net');
    const [small, other] = [await startReceiver({ maxFrameBytes: limit }), await startReceiver()];
    const sockets: Socket[] = [];
    const peer = await startPeer((socket, nth) => {
      sockets.push(socket);
      const onward = connect(nth === 1 ? small.port : other.port, '127.0.0.1');
      onward.on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
      socket.on('close', () => onward.destroy());
    });
    const { add, delivered, spool } = startUplink(peer.port);
    await add(1, large);
    await add(2);
    await eventually(() => spool.waitingCount === 1, 'the small frame delivered');
    sockets[0]?.destroy();
    await delivered();
    expect(filesBelow(other.directory)).toHaveLength(1);
  });

  it('keeps a refused gap entry, and sends no other one on this connection', async () => {
    const seen: string[] = [];
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, { ...welcome, maxInFlight: 1 });
      socket.on('data', (chunk) => {
        const [, type, sequence] =
          /"type":"(frame|dropped)".*?"sequence":(\d+)/.exec(chunk.toString('latin1')) ?? [];
        if (type === undefined) return;
        seen.push(`${type} ${Number(sequence)}`);
        const refusal = { code: 'x', message: 'no', retry: false };
        send(socket, { type: 'refused', sequence: Number(sequence), ...refusal });
      });
    });
    const { add, spool, uplink, running } = startUplink(peer.port);
    for (const number of [1, 2, 3]) await add(number);
    uplink.drain();
    await running;
    const notes = seen.filter((each) => each.startsWith('dropped'));
    expect(notes).toHaveLength(1);
    expect(spool.hasWaiting(({ kind }) => kind === 'frame')).toBe(false);
    expect((await spool.load(4))?.header).toMatchObject({ count: 3, sequences: [[1, 3]] });
  });

  it('logs the first bytes of a peer that is no receiver', async () => {
    const peer = await startPeer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    const { lines } = startUplink(peer.port);
    await eventually(() => lines.some((line) => line.includes('220 mail.example')), 'logged');
  });

  it('logs the reason when the receiver refuses the session', async () => {
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, { type: 'bye', code: 'camera-busy', message: 'another agent sends as yard' });
    });
    const { lines } = startUplink(peer.port);
    await eventually(
      () => lines.some((line) => line.includes('another agent sends as yard')),
      'logged',
    );
  });

  it('pauses for a minute at most, and logs the requested pause once', async () => {
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, welcome);
      send(socket, { type: 'bye', code: 'stopping', retryAfterMs: 86_400_000 });
    });
    const clock = new FakeClock();
    const { lines } = startUplink(peer.port, '127.0.0.1', clock);
    for (let minute = 1; minute <= 3; minute += 1) {
      await eventually(
        () => clock.pauses.filter((ms) => ms === maxRetryAfterMs).length === minute,
        `pause ${minute}`,
      );
      expect(peer.connections()).toBe(minute);
      await clock.advance(maxRetryAfterMs);
    }
    const asked = `<4>test: 127.0.0.1:${peer.port} asked for a pause of 60 s; frames wait`;
    expect(lines.filter((line) => line.includes('asked for a pause'))).toEqual([asked]);
  });

  it('uses the backoff when the peer sends bye before a welcome', async () => {
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, { type: 'bye', code: 'stopping', message: 'later', retryAfterMs: 86_400_000 });
    });
    const clock = new FakeClock();
    const { lines } = startUplink(peer.port, '127.0.0.1', clock);
    await eventually(() => clock.pauses.includes(250), 'a first pause');
    expect(lines.join('\n')).toContain('the receiver ended the session: later');
  });

  it('backs off from a peer that sends a welcome and closes, and logs it once', async () => {
    const peer = await startPeer((socket) => {
      socket.write(preface);
      send(socket, welcome);
      socket.end();
    });
    const clock = new FakeClock();
    const { lines } = startUplink(peer.port, '127.0.0.1', clock);
    const pauses = (ms: number): number => clock.pauses.filter((pause) => pause === ms).length;
    // The timer of each of three connections pauses for 1000 ms too.
    for (const [ms, count] of [
      [250, 1],
      [500, 1],
      [1000, 4],
      [2000, 1],
    ] as const) {
      await eventually(() => pauses(ms) === count, `a pause of ${ms} ms`);
      await clock.advance(ms);
    }
    expect(lines.filter((line) => line.startsWith('<4>'))).toHaveLength(1);
    expect(lines.join('\n')).not.toContain('again');
  });

  it('counts a connection as working when it has lasted, with nothing to send', async () => {
    const sockets: Socket[] = [];
    const peer = await startPeer((socket, nth) => {
      sockets.push(socket);
      socket.write(preface);
      send(socket, welcome);
      if (nth === 1) socket.end();
    });
    const clock = new FakeClock();
    const { lines } = startUplink(peer.port, '127.0.0.1', clock);
    const pauses = (ms: number): number => clock.pauses.filter((pause) => pause === ms).length;
    await eventually(() => pauses(250) === 1, 'the first pause');
    await clock.advance(250);
    await eventually(() => pauses(10_000) === 2, 'the second welcome');
    expect(lines.join('\n')).not.toContain('again');
    await clock.advance(10_000);
    await eventually(() => lines.join('\n').includes('again'), 'logged');
    sockets[1]?.destroy();
    await eventually(() => pauses(250) === 2, 'the shortest pause');
  });

  it('ends when it is drained and nothing waits', async () => {
    const { port, directory } = await startReceiver();
    const { add, uplink, running } = startUplink(port);
    for (let number = 1; number <= 20; number += 1) await add(number);
    uplink.drain();
    await running;
    expect(filesBelow(directory)).toHaveLength(20);
  });

  it('tries every address of a name', async () => {
    // localhost is ::1 and 127.0.0.1 on most machines; the peer listens on one of them only.
    const { port, directory } = await startReceiver();
    const { add, delivered } = startUplink(port, 'localhost');
    await add(1);
    await delivered();
    expect(filesBelow(directory)).toHaveLength(1);
  });
});
