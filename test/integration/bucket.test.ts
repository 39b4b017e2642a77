/** The built receiver with a bucket: frames arrive exactly once, whatever ends in between; errors say what to do. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { type S3Stub, startS3Stub, stubKeys } from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';

const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};
const endpointOf = (stub: S3Stub): string[] => ['--s3-endpoint', stub.endpoint.origin];
const startReceiver = (stub: S3Stub) => startReceiverProgram(place, endpointOf(stub), { env });

/** The same picture for the same number, made once. */
function picture(number: number): Buffer {
  const known = pictures.get(number) ?? makeJpeg(number);
  pictures.set(number, known);
  return known;
}
const pictures = new Map<number, Buffer>();

/** Frames in the bucket, by key. */
function framesIn({ objects }: S3Stub): Map<string, Buffer> {
  const frames = [...objects].filter(([key]) => key.endsWith('.jpg'));
  return new Map(frames.map(([key, { body }]) => [key, body]));
}

async function connect(port: number): Promise<AgentPeer> {
  const agent = new AgentPeer(port);
  agent.hello();
  await agent.answer('welcome');
  return agent;
}

const storedOf = (agent: AgentPeer) =>
  agent.messages.filter((message) => message.type === 'stored');

describe('a receiver with a bucket', () => {
  it('stores what an agent sends, byte for byte, and keeps its keys to itself', async () => {
    const stub = await startS3Stub();
    const receiver = await startReceiver(stub);
    const path = join(temporaryDirectory(), 'monitor.jpg');
    writeFileSync(path, makeJpeg(5));
    const state = temporaryDirectory();
    const source = ['--source', `file:${path}`, '--all', '--camera', 'monitor', '--once'];
    const agent = startAgent(['--host', receiver.address, '--state', state, ...source]);
    expect(await agent.ended).toBe(0);
    const [[key, bytes] = ['', Buffer.alloc(0)]] = framesIn(stub);
    expect(key).toMatch(/^cams\/monitor\/\d{4}_\d\d_\d\d\/[\d_]+[+-]\d{4}\.jpg$/);
    expect(bytes).toEqual(makeJpeg(5));
    expect(await receiver.stop()).toBe(0);
    expect(receiver.stderr() + receiver.stdout()).not.toContain(stubKeys.secretAccessKey);
  });

  it('that is killed while it stores has each frame once, when its agent sends to another one', async () => {
    const stub = await startS3Stub();
    const count = 40;
    const receiver = await startReceiver(stub);
    const agent = await connect(receiver.port);
    for (let number = 1; number <= count; number += 1) agent.frame(number, picture(number));
    await eventually(() => storedOf(agent).length >= 5, 'five acknowledgements');
    await receiver.stop('SIGKILL');
    const acknowledged = storedOf(agent).length;
    expect(framesIn(stub).size).toBeGreaterThanOrEqual(acknowledged);
    const next = await startReceiver(stub);
    const again = await connect(next.port);
    for (let number = 1; number <= count; number += 1) again.frame(number, picture(number));
    await eventually(() => storedOf(again).length === count, 'an acknowledgement of each');
    const frames = framesIn(stub);
    expect(frames.size).toBe(count);
    for (const { sequence, name } of storedOf(again)) {
      expect(frames.get(`cams/${name}`)).toEqual(picture(sequence));
    }
    expect(storedOf(again).filter(({ duplicate }) => duplicate).length).toBeGreaterThanOrEqual(
      acknowledged,
    );
  });

  it('refuses for now while the object store refuses, and says why', async () => {
    const stub = await startS3Stub();
    const receiver = await startReceiver(stub);
    const agent = await connect(receiver.port);
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'QuotaExceeded' });
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('refused')).toMatchObject({
      ...{ code: 'store', retry: true },
      message: expect.stringContaining('the quota of the bucket is used up: raise it') as string,
    });
    stub.fault = () => undefined;
    agent.frame(1, makeJpeg(1));
    expect(await agent.answer('stored')).toMatchObject({ sequence: 1, duplicate: false });
    expect(receiver.stderr()).toContain('its agent keeps them');
  });

  it('ends when it is stopped, also while the object store does not answer', async () => {
    const stub = await startS3Stub();
    const receiver = await startReceiver(stub);
    const agent = await connect(receiver.port);
    stub.fault = () => ({ kind: 'never answer' });
    stub.seen.length = 0;
    agent.frame(1, makeJpeg(1));
    await eventually(() => stub.seen.length > 0, 'a request');
    expect(await receiver.stop()).toBe(0);
    expect(storedOf(agent)).toEqual([]);
  });

  it('is closed for peers without a key, once a camera was paired with any of its receivers', async () => {
    const stub = await startS3Stub();
    const bytes = Buffer.from('A camera was paired.\n');
    const receiver = await startReceiver(stub);
    await receiver.stop();
    stub.objects.set('cams/.picchanged-closed', { body: bytes, metadata: {}, modifiedAtMs: 0 });
    const args = ['--dir', place, '--listen', '127.0.0.1:0', ...endpointOf(stub)];
    const { code, stderr } = await run(process.execPath, [`${root}dist/receiver.js`, ...args], {
      env,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('a camera was paired here, but there are no keys');
    expect(stderr).toContain('s3://frames/cams/.picchanged-closed');
  });
});

describe('receiver copy', () => {
  const receiver = `${root}dist/receiver.js`;

  it('copies a directory into a bucket and back: the same bytes, and as recorded', async () => {
    const stub = await startS3Stub();
    const [from, to] = [temporaryDirectory(), join(temporaryDirectory(), 'copy')];
    const storing = await startReceiverProgram(from);
    const agent = await connect(storing.port);
    for (let number = 1; number <= 5; number += 1) agent.frame(number, picture(number));
    agent.report(6);
    await eventually(() => storedOf(agent).length === 6, 'an acknowledgement of each');
    await storing.stop();
    const copy = (...places: string[]) =>
      run(process.execPath, [receiver, 'copy', ...places, ...endpointOf(stub)], { env });
    expect(await copy(from, place)).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(/^s3:\/\/frames\/cams: 5 frames copied .*, 6 lines/) as string,
    });
    expect((await copy(from, place)).stdout).toContain('0 frames copied (0 B), 5 there already');
    expect(await copy(place, to)).toMatchObject({ code: 0 });
    const day = 'yard/2026_11_22';
    const [names, record] = [filesBelow(from), readFileSync(join(from, day, 'record.jsonl'))];
    expect(filesBelow(to)).toEqual(names);
    expect(readFileSync(join(to, day, 'record.jsonl'))).toEqual(record);
    for (const name of names) {
      expect(readFileSync(join(to, name))).toEqual(readFileSync(join(from, name)));
    }
    for (const directory of [from, to]) {
      const { code, stdout } = await run(process.execPath, [
        receiver,
        'verify',
        '--dir',
        directory,
      ]);
      expect({ code, stdout }).toMatchObject({ code: 0 });
    }
  });

  it('names a frame that is not as recorded, with code 1', async () => {
    const stub = await startS3Stub();
    const from = temporaryDirectory();
    const storing = await startReceiverProgram(from);
    const agent = await connect(storing.port);
    agent.frame(1, picture(1));
    const { name } = await agent.answer('stored');
    await storing.stop();
    writeFileSync(join(from, name), picture(2));
    const line = [receiver, 'copy', from, place, ...endpointOf(stub)];
    const { code, stdout, stderr } = await run(process.execPath, line, { env });
    expect(code).toBe(1);
    expect(stdout).toContain(`${name} is not as recorded, and not copied`);
    expect(stderr).toContain(`[VERIFY] ${place} does not have 1 frame as ${from} has`);
    expect(framesIn(stub).size).toBe(0);
  });

  it.each([
    { args: ['/nowhere'], says: 'name what to copy, and where to', expected: 2 },
    { args: ['/srv/a', '/srv/b/../a'], says: 'FROM and TO are the same', expected: 2 },
    { args: ['/nowhere', place], says: 'cannot read /nowhere', expected: 1 },
    { args: [place, '/tmp/x'], says: '--s3-endpoint is missing', expected: 2 },
    { args: ['/tmp', 's3:/frames'], says: 's3:/frames: a bucket is s3://BUCKET', expected: 2 },
  ])('of $args says what is wrong', async ({ args, says, expected }) => {
    const { code, stderr } = await run(process.execPath, [receiver, 'copy', ...args], { env });
    expect({ code, stderr }).toMatchObject({
      ...{ code: expected, stderr: expect.stringContaining(says) as string },
    });
  });
});

describe('a receiver that cannot use its bucket', () => {
  const https = ['--s3-endpoint', 'https://127.0.0.1:1'];
  it.each([
    { what: 'no endpoint', args: ['--dir', place], says: '--s3-endpoint is missing' },
    {
      what: 'an open endpoint',
      args: ['--dir', place, '--s3-endpoint', 'http://s3.example.org'],
      says: 'plain http is for 127.0.0.1 only',
    },
    { what: 'a wrong address', args: ['--dir', 's3://B', ...https], says: 'the name of a bucket' },
    {
      what: 'a misspelt address',
      args: ['--dir', 's3:/frames/cams', ...https],
      says: 'a bucket is s3://BUCKET/PREFIX; a directory of this name: ./s3:/frames/cams',
    },
    {
      what: 'a limit on free space',
      args: ['--dir', place, ...https, '--min-free', '10%'],
      says: '--min-free has no meaning on s3://frames/cams',
    },
    ...[
      {
        what: 'of a user without keys',
        flags: [...https, '--user'],
        says: '--s3-credentials FILE is missing',
      },
      {
        what: 'for each connection',
        flags: ['--accept'],
        says: '--accept does not work with s3://',
      },
      {
        what: 'with a limit on free space',
        flags: ['--min-free', '10%'],
        says: '--min-free has no meaning on s3://frames/cams',
      },
      {
        what: 'that drains and has no health answer',
        flags: [...https, '--drain', '3s'],
        says: '--drain needs --health',
      },
      { what: 'without an endpoint', flags: [], says: '--s3-endpoint is missing' },
      { what: 'with keys of its own', flags: ['--s3-credentials', '/x'], says: '/etc/credstore/' },
      { what: 'with a cache of its own', flags: ['--cache', '/x'], says: 'the units set it' },
    ].map(({ what, flags, says }) => ({
      ...{ what: `a service ${what}`, says },
      args: ['install', '--dry-run', '--dir', place, ...flags],
    })),
    { what: 'another command', args: ['reindex', '--dir', place], says: 'is a bucket' },
  ])('with $what says so, with code 2', async ({ args, says }) => {
    const line = [`${root}dist/receiver.js`, ...args];
    const { code, stderr } = await run(process.execPath, line, { env });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(says) as string,
    });
  });

  it('without keys says where they are looked for', async () => {
    const stub = await startS3Stub();
    const line = [`${root}dist/receiver.js`, '--dir', place, ...endpointOf(stub)];
    const { code, stderr } = await run(process.execPath, line);
    expect(code).toBe(1);
    expect(stderr).toContain('[KEYS] AWS_ACCESS_KEY_ID is not in the environment');
    expect(stderr).toContain('--s3-credentials');
  });
});
