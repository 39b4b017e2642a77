/** Notices and metrics of a bucket: what they say follows from the records that receivers have stored there. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { type Running, root, start, startReceiverProgram } from '../support/programs.js';
import { samplesOf } from '../support/promtool.js';
import { startS3Stub, stubKeys } from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';

const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};

/** A bucket, and a program that notes what it gets. */
async function makeWorld() {
  const stub = await startS3Stub();
  const folder = temporaryDirectory();
  const hook = join(folder, 'hook');
  const script =
    'echo "$PICCHANGED_NOTICE $PICCHANGED_FRAME" >> "$0.said"\ncp "$PICCHANGED_FRAME" "$0.jpg"';
  writeFileSync(hook, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const bucket = ['--s3-endpoint', stub.endpoint.origin];
  const cache = temporaryDirectory();
  const notices = [
    ...['--on-event', JSON.stringify([hook]), '--state', join(folder, 'notify')],
    ...['--cache', cache],
  ];
  const said = () => (existsSync(`${hook}.said`) ? readFileSync(`${hook}.said`, 'utf8') : '');
  const picture = () => readFileSync(`${hook}.jpg`);
  return { stub, bucket, notices, cache, said, picture };
}

async function sendEvent(port: number): Promise<void> {
  const peer = new AgentPeer(port);
  peer.hello();
  await peer.answer('welcome');
  const capturedAtMs = Date.now();
  const verdict = { reason: 'change', ratio: 0.1, boxes: [], strength: 2, changed: true };
  peer.frame(1, makeJpeg(1), { capturedAtMs, verdict: { ...verdict, event: 'e1' } });
  await peer.answer('stored');
  // Again: a duplicate.
  peer.frame(1, makeJpeg(1), { capturedAtMs, verdict: { ...verdict, event: 'e1' } });
  await peer.answer('stored', 2);
}

async function metricsOf(running: Running) {
  await running.says('serving metrics');
  const address = /at=(http:\S+\/metrics)/.exec(running.stderr())?.[1] ?? '';
  return async () => samplesOf(await (await fetch(address)).text());
}

describe('a receiver with a bucket and the flags of notices and metrics', () => {
  it('announces an event once, with its picture, and counts', async () => {
    const { bucket, notices, cache, said, picture } = await makeWorld();
    const args = [...bucket, ...notices, '--metrics', '0'];
    const receiver = await startReceiverProgram(place, args, { env });
    await receiver.says('announcing');
    const read = await metricsOf(receiver);
    await sendEvent(receiver.port);
    await eventually(() => said() !== '', 'the notice');
    await eventually(async () => (await read()).get('picchanged_stored_frames') === 1, 'a frame');
    const samples = await read();
    expect(samples.get('picchanged_captures_readable')).toBe(1);
    expect([...samples.keys()].filter((name) => name.startsWith('picchanged_disk'))).toEqual([]);
    expect(await receiver.stop()).toBe(0);
    expect(said()).toMatch(/^event-begin \S+\.jpg\n$/);
    expect(picture()).toEqual(makeJpeg(1));
    const [mirror = ''] = readdirSync(cache);
    expect(readdirSync(join(cache, mirror)).filter((name) => name.endsWith('.jpg'))).toEqual([]);
  });
});

describe('receiver notify of a bucket', () => {
  it('says which version runs while it waits for a bucket that is away', async () => {
    const { stub, bucket, notices } = await makeWorld();
    stub.fault = () => ({ kind: 'never answer' });
    const directory = temporaryDirectory();
    const line = [`${root}dist/receiver.js`, 'notify', '--dir', place, ...bucket, ...notices];
    const surroundings = { env: { ...env, RUNTIME_DIRECTORY: directory } };
    const notifier = start(process.execPath, line, surroundings);
    await eventually(() => stub.seen.length > 0, 'a request');
    expect(readdirSync(directory)).toEqual(['version']);
    await notifier.stop('SIGKILL');
  });

  it('announces what a receiver stores, and goes on after the bucket was away', async () => {
    const { stub, bucket, notices, said } = await makeWorld();
    const receiver = await startReceiverProgram(place, bucket, { env });
    const line = [`${root}dist/receiver.js`, 'notify', '--dir', place, ...bucket, ...notices];
    const notifier = start(process.execPath, line, { env });
    await notifier.says('announcing');
    expect(notifier.stderr()).toMatch(`announcing dir=${place} `);
    // The receiver lists other folders.
    stub.fault = ({ query }) =>
      query.get('prefix') === 'cams/.changed/'
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    await notifier.says('cannot follow the bucket');
    await sendEvent(receiver.port);
    stub.fault = () => undefined;
    await eventually(() => said() !== '', 'the notice');
    expect(said()).toMatch(/^event-begin /);
    expect(await notifier.stop()).toBe(0);
    await receiver.stop();
  });
});
