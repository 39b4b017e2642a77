/** The timeouts and limits of a link, with a fake clock. */
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { Link, type LinkParts } from '../../../agent/uplink/link.js';
import {
  maxFramesInFlight,
  maxRetryAfterMs,
  minRetryAfterMs,
} from '../../../agent/uplink/uplink-limits.js';
import { OversizeLog, SkippedEntries } from '../../../agent/uplink/skipped-entries.js';
import { maxIdleMessagesPerMinute, preface } from '../../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../../shared/protocol/wire.js';
import { reportEntry } from '../../support/entries.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { makeJpeg } from '../../support/pictures.js';
import { spoolSettings } from '../../support/spool-settings.js';

const destination = { host: 'laptop', port: 4444 };
const welcome = {
  type: 'welcome',
  receiver: '1',
  maxFrameBytes: 2 ** 20,
  maxInFlight: 8,
  clockMs: 0,
};

/** A link and its peer's end. */
function makeLink(parts: Partial<LinkParts> = {}) {
  const clock = new FakeClock();
  const spools = SpoolSet.inMemory([destination], { ...spoolSettings, clock });
  const spool = spools.all.get('laptop_4444') ?? expect.unreachable();
  const [ours, theirs] = duplexPair();
  const received: string[] = [];
  theirs.on('data', (chunk: Buffer) => received.push(chunk.toString('latin1')));
  theirs.on('error', () => undefined);
  const { log } = keptLog();
  const onWelcome = (): Promise<void> => Promise.resolve();
  const onAcknowledged = (): void => undefined;
  const skipped = new SkippedEntries(new OversizeLog(log, clock, () => undefined));
  const link = new Link(ours, {
    camera: 'yard',
    signing: undefined,
    spool,
    clock,
    log,
    skipped,
    onWelcome,
    isAdding: () => false,
    onAcknowledged,
    onRefused: () => undefined,
    ...parts,
  });
  const ended = link.run().then(
    (pauseMs) => `ended ${pauseMs}`,
    (error: unknown) => String(error),
  );
  const send = (header: object): void => {
    theirs.write(encodeMessage(header)[0]);
  };
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) await clock.advance(1000);
  };
  const add = (number: number) =>
    spools.add({
      jpeg: makeJpeg(number),
      capturedAtMs: clock.nowMs(),
      utcOffsetMinutes: 0,
      verdict: { reason: 'change', ratio: 0, boxes: [] },
    });
  return { clock, link, ended, theirs, send, pass, received, add, spool };
}

describe('a link', () => {
  it('ends when the peer never answers hello', async () => {
    const { ended, pass } = makeLink();
    await pass(32);
    expect(await ended).toContain('no answer for 30 s');
  });

  it('sends pings when it is idle, and lasts while they are answered', async () => {
    const { ended, pass, theirs, send, received } = makeLink();
    theirs.write(preface);
    send(welcome);
    for (let quarter = 1; quarter <= 8; quarter += 1) {
      await pass(16);
      expect(received.join('').split('"ping"')).toHaveLength(quarter + 1);
      send({ type: 'pong' });
      await pass(0.1);
    }
    send({ type: 'bye', code: 'stopping', retryAfterMs: 700 });
    expect(await ended).toBe('ended 700');
  });

  it('ends when it is half-open and its pings are not answered', async () => {
    const { ended, pass, theirs, send } = makeLink();
    theirs.write(preface);
    send(welcome);
    await pass(60);
    expect(await ended).toContain('no answer for 30 s');
  });

  it('ends when frames are not acknowledged, and the frames still wait', async () => {
    const { ended, pass, theirs, send, add, link, spool } = makeLink();
    theirs.write(preface);
    send(welcome);
    await pass(1);
    await add(1);
    link.wake();
    await pass(40);
    expect(await ended).toContain('no answer for 30 s');
    expect(spool.waitingCount).toBe(1);
  });
});

describe('a link and reports', () => {
  async function linkWithReport(changes: object, parts: Partial<LinkParts> = {}) {
    const made = makeLink(parts);
    await made.spool.reports.add(reportEntry(7).header);
    made.spool.reports.release();
    await made.add(1);
    made.theirs.write(preface);
    made.send({ ...welcome, ...changes });
    await made.pass(1);
    const sent = () => made.received.join('').match(/"type":"(frame|report)"/g) ?? [];
    return { ...made, sent };
  }

  it('sends no report to a receiver that does not take reports; frames overtake it', async () => {
    const { sent, send, link, ended, spool, pass } = await linkWithReport({ takes: ['poetry'] });
    expect(sent()).toEqual(['"type":"frame"']);
    link.drain();
    send({ type: 'stored', sequence: 2, name: 'x', duplicate: false });
    await pass(1);
    send({ type: 'bye' });
    expect(await ended).toBe('ended 0');
    expect(link.isDrained).toBe(true);
    expect([spool.waitingCount, spool.reports.count]).toEqual([0, 1]);
  });

  it('sends it to a receiver that does, with the time of sending and without its number', async () => {
    const { sent, send, received, spool, clock, pass } = await linkWithReport({
      takes: ['report'],
    });
    expect(sent()).toEqual(['"type":"report"', '"type":"frame"']);
    const [, json] = /(\{"type":"report".*?"clockMs":\d+\})/.exec(received.join('')) ?? [];
    const { header } = reportEntry(7);
    expect(JSON.parse(json ?? '')).toEqual({
      ...{ ...header, number: undefined, sequence: 1 },
      clockMs: clock.nowMs(),
    });
    send({ type: 'stored', sequence: 1, name: 'x', duplicate: false });
    await pass(1);
    expect(spool.reports.count).toBe(0);
  });

  it('keeps a report that is refused for good: the next connection sends it again', async () => {
    const parts = await linkWithReport({ takes: ['report'] }, { isAdding: () => true });
    const { send, link, ended, spool, pass } = parts;
    send({ type: 'refused', sequence: 1, code: 'x', message: 'no', retry: false });
    send({ type: 'stored', sequence: 2, name: 'x', duplicate: false });
    await pass(1);
    link.drain();
    send({ type: 'bye' });
    expect(await ended).toBe('ended 0');
    expect(link.isDrained).toBe(true);
    expect(spool.reports.count).toBe(1);
  });

  it('sends bye after the reports that are being added', async () => {
    let isAdding = true;
    const { send, link, received, pass } = await linkWithReport(
      { takes: ['report'] },
      { isAdding: () => isAdding },
    );
    for (const sequence of [1, 2]) send({ type: 'stored', sequence, name: 'x', duplicate: false });
    link.drain();
    await pass(1);
    expect(received.join('')).not.toContain('"type":"bye"');
    isAdding = false;
    link.wake();
    await pass(1);
    expect(received.join('')).toContain('"type":"bye"');
  });
});

describe('a link to a hostile receiver', () => {
  /** A link after the receiver's welcome. */
  async function begin(changes: object = {}) {
    const parts = makeLink();
    parts.theirs.write(preface);
    parts.send({ ...welcome, ...changes });
    await parts.pass(1);
    return parts;
  }

  it('sets no frame aside when the receiver accepts no frame size', async () => {
    const { ended, add, spool } = await begin({ maxFrameBytes: 0 });
    await add(1);
    expect(await ended).toContain('accepts frames of at most 0 bytes');
    expect(spool.waitingCount).toBe(1);
  });

  it('limits the frames in flight', async () => {
    const { add, link, received, pass } = await begin({ maxInFlight: Number.MAX_SAFE_INTEGER });
    for (let number = 1; number <= maxFramesInFlight + 5; number += 1) await add(number);
    link.wake();
    await pass(3);
    expect(received.join('').split('"type":"frame"')).toHaveLength(maxFramesInFlight + 1);
  });

  it('ends at a second welcome', async () => {
    const { ended, send } = await begin();
    send(welcome);
    expect(await ended).toContain('received a second welcome');
  });

  it.each([
    ['unknown types', { type: 'poetry' }],
    ['unsolicited answers', { type: 'stored', sequence: 9, name: 'a', duplicate: false }],
    ['pongs', { type: 'pong' }],
  ])('ends when it receives too many %s', async (_, message) => {
    const { ended, send } = await begin();
    for (let at = 0; at <= maxIdleMessagesPerMinute; at += 1) send(message);
    expect(await ended).toContain('messages a minute without payload');
  });

  it('times out before the welcome when other messages come', async () => {
    const { ended, theirs, send, pass } = makeLink();
    theirs.write(preface);
    for (let second = 0; second < 32; second += 1) {
      send({ type: 'poetry' });
      await pass(1);
    }
    expect(await ended).toContain('no answer for 30 s');
  });

  it('times out inside a message that does not end', async () => {
    const { ended, theirs, pass } = await begin();
    theirs.write(encodeMessage({ type: 'pong', long: 'x'.repeat(100) })[0].subarray(0, 50));
    for (let second = 0; second < 32; second += 1) {
      theirs.write('x');
      await pass(1);
    }
    expect(await ended).toContain('no answer for 30 s');
  });

  it('pauses for minRetryAfterMs at least', async () => {
    const { ended, send } = await begin();
    send({ type: 'bye', code: 'stopping', retryAfterMs: 0 });
    expect(await ended).toBe(`ended ${minRetryAfterMs}`);
  });

  it('pauses for maxRetryAfterMs at most', async () => {
    const { ended, send } = await begin();
    send({ type: 'bye', code: 'stopping', retryAfterMs: 86_400_000 });
    expect(await ended).toBe(`ended ${maxRetryAfterMs}`);
  });

  it('ignores a requested pause before the welcome', async () => {
    const { ended, theirs, send } = makeLink();
    theirs.write(preface);
    send({ type: 'bye', code: 'stopping', message: 'later', retryAfterMs: 86_400_000 });
    expect(await ended).toContain('the receiver ended the session: later');
  });

  it('postpones a frame by maxRetryAfterMs at most', async () => {
    const { add, link, received, send, pass } = await begin();
    const sent = (): number => received.join('').split('"type":"frame"').length - 1;
    await add(1);
    link.wake();
    await pass(1);
    const retryAfterMs = 86_400_000;
    send({ type: 'refused', sequence: 1, code: 'x', message: 'no', retry: true, retryAfterMs });
    // Pongs keep the link alive meanwhile.
    for (let at = 0; at < maxRetryAfterMs / 1000 - 2; at += 1) {
      send({ type: 'pong' });
      await pass(1);
    }
    expect(sent()).toBe(1);
    await pass(3);
    expect(sent()).toBe(2);
  });
});
