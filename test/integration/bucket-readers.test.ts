/** What reads a captures directory reads a bucket: the same store as both gives the same answers. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { type S3Stub, startS3Stub, stubKeys } from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';

const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};
const endpointOf = (stub: S3Stub): string[] => ['--s3-endpoint', stub.endpoint.origin];
const receiver = (...args: string[]) =>
  run(process.execPath, [`${root}dist/receiver.js`, ...args], { env });
const hourMs = 3_600_000;
const midnightMs = Date.UTC(2026, 10, 22);

/** Frames of an event, a report, and a gap. */
async function sendDay(port: number): Promise<void> {
  const agent = new AgentPeer(port);
  agent.hello();
  await agent.answer('welcome');
  const toMs = midnightMs + 9 * hourMs;
  const verdict = { reason: 'change', ratio: 0.1, boxes: [], event: 'e1', changed: true };
  for (const sequence of [1, 2, 3]) {
    const capturedAtMs = toMs - 60_000 + sequence * 1000;
    agent.frame(sequence, makeJpeg(sequence), { capturedAtMs, verdict });
  }
  agent.report(4, { fromMs: toMs - hourMs, toMs, changed: 3 });
  agent.dropped(6, { sequences: [[5, 5]], count: 1 });
  for (let nth = 1; nth <= 5; nth += 1) await agent.answer('stored', nth);
}

/** A bucket that receivers have stored in, and a copy of it in a directory. */
async function makeBoth() {
  const stub = await startS3Stub();
  const storing = await startReceiverProgram(place, endpointOf(stub), { env });
  await sendDay(storing.port);
  await storing.stop();
  const copy = join(temporaryDirectory(), 'copy');
  expect(await receiver('copy', place, copy, ...endpointOf(stub))).toMatchObject({ code: 0 });
  const cache = temporaryDirectory();
  return { stub, copy, cache, bucket: ['--dir', place, ...endpointOf(stub), '--cache', cache] };
}

describe('receiver report of a bucket', () => {
  it('says what it says of a copy in a directory', async () => {
    const { copy, bucket, cache } = await makeBoth();
    const wish = ['report', '--day', '2026-11-22', '--json'];
    const [ofBucket, ofCopy] = [
      await receiver(...wish, ...bucket),
      await receiver(...wish, '--dir', copy),
    ];
    expect(ofBucket).toMatchObject({ code: 0, stderr: '' });
    const withoutArrival = (text: string): unknown =>
      JSON.parse(text, (key, value: unknown) =>
        // The copy was appended later.
        ['dir', 'nowMs', 'lastArrivalMs', 'silentSinceMs'].includes(key) ? undefined : value,
      );
    expect(withoutArrival(ofBucket.stdout)).toEqual(withoutArrival(ofCopy.stdout));
    expect(ofBucket.stdout).toContain('"camera":"yard"');
    expect(ofBucket.stdout).toContain(`"dir":"${place}"`);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('reads nothing again at the next report', async () => {
    const { stub, bucket } = await makeBoth();
    const wish = ['report', '--day', '2026-11-22', ...bucket];
    const first = await receiver(...wish);
    stub.seen.length = 0;
    expect((await receiver(...wish)).stdout).toBe(first.stdout);
    expect(stub.seen.filter(({ key }) => key.includes('record.'))).toEqual([]);
  });

  it.each([
    {
      what: 'a bucket without captures',
      dir: 's3://frames/other',
      says: 'has no .picchanged.json',
    },
    {
      what: 'a camera that is not there',
      more: ['--camera', 'attic'],
      says: 'attic has sent nothing to s3://frames/cams; cameras: yard',
    },
    { what: 'a cache that is a file', more: ['--cache', '/proc/version'], says: '--cache DIR' },
  ])('of $what says so', async ({ dir = place, more = [], says }) => {
    const { bucket } = await makeBoth();
    const { code, stderr } = await receiver('report', ...bucket, '--dir', dir, ...more);
    expect(code).not.toBe(0);
    expect(stderr).toContain(says);
  });
});
