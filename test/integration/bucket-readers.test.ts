/** What reads a captures directory reads a bucket: the same store as both gives the same answers. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { type S3Stub, startS3Stub, stubKeys } from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';
import {
  answersOf,
  hourMs,
  midnightMs,
  sendDay,
  startViewer,
  withoutMoments,
} from '../support/viewer-answers.js';

const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};
const endpointOf = (stub: S3Stub): string[] => ['--s3-endpoint', stub.endpoint.origin];
const receiver = (...args: string[]) =>
  run(process.execPath, [`${root}dist/receiver.js`, ...args], { env });

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
    expect(withoutMoments(ofBucket.stdout)).toEqual(withoutMoments(ofCopy.stdout));
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
    // Keys that may only read are enough.
    expect(stub.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
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

describe('a viewer of a bucket', () => {
  it('answers as a viewer of a copy in a directory, with the same frames and film strips', async () => {
    const { copy, bucket } = await makeBoth();
    const [ofBucket, ofCopy] = [await startViewer(bucket, env), await startViewer(['--dir', copy])];
    const [found, expected] = [await answersOf(ofBucket.address), await answersOf(ofCopy.address)];
    expect(found.frames.frames).toHaveLength(3);
    expect(found.bytes).toEqual([1, 2, 3].map((number) => makeJpeg(number)));
    expect(found).toEqual(expected);
    expect(await ofBucket.stop()).toBe(0);
    await ofCopy.stop();
  });

  it('shows what receivers store meanwhile, one of them with its own viewer', async () => {
    const { stub, bucket } = await makeBoth();
    const viewer = await startViewer(bucket, env);
    const cache = ['--cache', temporaryDirectory()];
    const storing = await startReceiverProgram(
      place,
      [...endpointOf(stub), '--web', '127.0.0.1:0', ...cache],
      { env },
    );
    const { viewers } = JSON.parse(storing.stdout().split('\n')[0] ?? '') as { viewers: string[] };
    const addresses = [viewer.address, viewers[0] ?? ''];
    const pages = addresses.map((address) => followLive(address));
    for (const page of pages) await eventually(() => page.text().includes('cameras'), 'states');
    const agent = new AgentPeer(storing.port);
    agent.hello('door');
    await agent.answer('welcome');
    agent.frame(1, makeJpeg(7), { capturedAtMs: midnightMs + 10 * hourMs });
    await agent.answer('stored');
    for (const [at, page] of pages.entries()) {
      await eventually(() => page.text().includes('"camera":"door"'), 'the new camera');
      const isFrame = /frame\/door\/2026_11_22\/[\w/]+\.jpg/;
      const path = await eventually(() => isFrame.exec(page.text())?.[0], 'its frame');
      const answer = await fetch(`${addresses[at] ?? ''}api/v1/${path}`);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(makeJpeg(7));
      page.close();
    }
    expect(await storing.stop()).toBe(0);
    expect(await viewer.stop()).toBe(0);
  });

  it('answers about frames with 503 while the bucket is away, and with the frame when it is back', async () => {
    const { stub, bucket } = await makeBoth();
    const viewer = await startViewer(bucket, env);
    const { frames } = await answersOf(viewer.address);
    const url = `${viewer.address}api/v1/${frames.frames[0]?.url ?? ''}`;
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
    const refused = await fetch(url);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('the bucket cannot be read now');
    await viewer.says('cannot follow the bucket');
    stub.fault = () => undefined;
    expect((await fetch(url)).status).toBe(200);
    await viewer.says('the bucket can be read again');
    await viewer.stop();
  });

  it('keeps the frames of an event, shows it, and says what is not there and what is away', async () => {
    const { stub, bucket } = await makeBoth();
    const viewer = await startViewer(bucket, env);
    const keep = async (event: string) => {
      const answer = await fetch(`${viewer.address}api/v1/keep`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: viewer.address.replace(/\/$/, '') },
        body: JSON.stringify({ camera: 'yard', event, keep: true }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    expect(await keep('e1')).toMatchObject({ status: 200 });
    expect(await keep('none')).toMatchObject({ status: 410 });
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
    expect(await keep('e1')).toMatchObject({ status: 503 });
    stub.fault = () => undefined;
    await eventually(async () => {
      const events = await fetch(`${viewer.address}api/v1/frames?camera=yard&after=0&limit=10`);
      return (await events.text()).includes('"kept":true');
    }, 'the kept frames');
    await viewer.stop();
  });
});

/** Reads the events that a page gets. */
function followLive(address: string) {
  let text = '';
  const ending = new AbortController();
  const read = async (): Promise<void> => {
    const { body } = await fetch(`${address}api/v1/live`, { signal: ending.signal });
    for await (const piece of body ?? []) text += Buffer.from(piece as Uint8Array).toString();
  };
  read().catch(() => undefined);
  return { text: () => text, close: () => ending.abort() };
}
