/** Links that have died without a word, by a clock that the test moves. */
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { Link } from '../../../agent/uplink/link.js';
import {
  maxFramesInFlight,
  maxReturnMs,
  minReturnMs,
} from '../../../agent/uplink/uplink-limits.js';
import { OversizeReport, PassedOver } from '../../../agent/uplink/passed-over.js';
import { maxIdleMessagesPerMinute, preface } from '../../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../../shared/protocol/wire.js';
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

/** A link whose other end is in the test's hands. */
function makeLink() {
  const clock = new FakeClock();
  const spools = SpoolSet.inMemory([destination], { ...spoolSettings, clock });
  const spool = spools.spoolFor(destination);
  const [ours, theirs] = duplexPair();
  const heard: string[] = [];
  theirs.on('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')));
  theirs.on('error', () => undefined);
  const { log } = keptLog();
  const onWelcome = (): Promise<void> => Promise.resolve();
  const passedOver = new PassedOver(new OversizeReport(log, clock));
  const link = new Link(ours, { camera: 'yard', spool, clock, log, passedOver, onWelcome });
  const ended = link.run().then(
    (pauseMs) => `ended ${pauseMs}`,
    (error: unknown) => String(error),
  );
  const say = (header: object): void => {
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
  return { clock, link, ended, theirs, say, pass, heard, add, spool };
}

describe('a link', () => {
  it('to a peer that never answers hello is given up', async () => {
    const { ended, pass } = makeLink();
    await pass(32);
    expect(await ended).toContain('no answer for 30 s');
  });

  it('speaks now and then when it has nothing to send, and lives as long as it is answered', async () => {
    const { ended, pass, theirs, say, heard } = makeLink();
    theirs.write(preface);
    say(welcome);
    for (let quarter = 1; quarter <= 8; quarter += 1) {
      await pass(16);
      expect(heard.join('').split('"ping"')).toHaveLength(quarter + 1);
      say({ type: 'pong' });
      await pass(0.1);
    }
    say({ type: 'bye', code: 'stopping', retryAfterMs: 700 });
    expect(await ended).toBe('ended 700');
  });

  it('that is half-open is given up: its pings are not answered', async () => {
    const { ended, pass, theirs, say } = makeLink();
    theirs.write(preface);
    say(welcome);
    await pass(60);
    expect(await ended).toContain('no answer for 30 s');
  });

  it('that does not acknowledge is given up, and what was sent waits still', async () => {
    const { ended, pass, theirs, say, add, link, spool } = makeLink();
    theirs.write(preface);
    say(welcome);
    await pass(1);
    await add(1);
    link.wake();
    await pass(40);
    expect(await ended).toContain('no answer for 30 s');
    expect(spool.waitingCount).toBe(1);
  });
});

describe('a receiver that means harm', () => {
  /** A link that is welcome, as far as the receiver's words go. */
  async function begin(changes: object = {}) {
    const parts = makeLink();
    parts.theirs.write(preface);
    parts.say({ ...welcome, ...changes });
    await parts.pass(1);
    return parts;
  }

  it('cannot have every frame set aside by taking none', async () => {
    const { ended, add, spool } = await begin({ maxFrameBytes: 0 });
    await add(1);
    expect(await ended).toContain('takes frames of 0 bytes at most');
    expect(spool.waitingCount).toBe(1);
  });

  it('cannot have all frames in flight at once', async () => {
    const { add, link, heard, pass } = await begin({ maxInFlight: Number.MAX_SAFE_INTEGER });
    for (let number = 1; number <= maxFramesInFlight + 5; number += 1) await add(number);
    link.wake();
    await pass(3);
    expect(heard.join('').split('"type":"frame"')).toHaveLength(maxFramesInFlight + 1);
  });

  it('welcomes once only', async () => {
    const { ended, say } = await begin();
    say(welcome);
    expect(await ended).toContain('a second welcome');
  });

  it.each([
    ['types that nobody knows', { type: 'poetry' }],
    ['answers to nothing', { type: 'stored', sequence: 9, name: 'a', duplicate: false }],
    ['pongs', { type: 'pong' }],
  ])('cannot keep the agent busy with %s', async (_, message) => {
    const { ended, say } = await begin();
    for (let at = 0; at <= maxIdleMessagesPerMinute; at += 1) say(message);
    expect(await ended).toContain('that carry nothing');
  });

  it('cannot keep it waiting for a welcome by saying something else', async () => {
    const { ended, theirs, say, pass } = makeLink();
    theirs.write(preface);
    for (let second = 0; second < 32; second += 1) {
      say({ type: 'poetry' });
      await pass(1);
    }
    expect(await ended).toContain('no answer for 30 s');
  });

  it('cannot keep a link alive by a message that does not end', async () => {
    const { ended, theirs, pass } = await begin();
    theirs.write(encodeMessage({ type: 'pong', long: 'x'.repeat(100) })[0].subarray(0, 50));
    for (let second = 0; second < 32; second += 1) {
      theirs.write('x');
      await pass(1);
    }
    expect(await ended).toContain('no answer for 30 s');
  });

  it('cannot have it come back without a pause', async () => {
    const { ended, say } = await begin();
    say({ type: 'bye', code: 'stopping', retryAfterMs: 0 });
    expect(await ended).toBe(`ended ${minReturnMs}`);
  });

  it('cannot keep the agent away for a day', async () => {
    const { ended, say } = await begin();
    say({ type: 'bye', code: 'stopping', retryAfterMs: 86_400_000 });
    expect(await ended).toBe(`ended ${maxReturnMs}`);
  });

  it('cannot keep the agent away at all before it has said welcome', async () => {
    const { ended, theirs, say } = makeLink();
    theirs.write(preface);
    say({ type: 'bye', code: 'stopping', message: 'later', retryAfterMs: 86_400_000 });
    expect(await ended).toContain('the receiver says: later');
  });

  it('cannot postpone a frame for a day', async () => {
    const { add, link, heard, say, pass } = await begin();
    const sent = (): number => heard.join('').split('"type":"frame"').length - 1;
    await add(1);
    link.wake();
    await pass(1);
    const retryAfterMs = 86_400_000;
    say({ type: 'refused', sequence: 1, code: 'x', message: 'no', retry: true, retryAfterMs });
    // It is answered meanwhile, so that the link lives.
    for (let at = 0; at < maxReturnMs / 1000 - 2; at += 1) {
      say({ type: 'pong' });
      await pass(1);
    }
    expect(sent()).toBe(1);
    await pass(3);
    expect(sent()).toBe(2);
  });
});
