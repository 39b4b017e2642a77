/** The built commands of the receiver that work on a bucket as on a directory. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { type S3Stub, startS3Stub, stubKeys } from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';

const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};

/** A bucket that a receiver has stored in, and the commands on it. */
async function makeBucket(frames = 5) {
  const stub = await startS3Stub();
  const bucket = ['--s3-endpoint', stub.endpoint.origin];
  const receiver = await startReceiverProgram(place, bucket, { env });
  const agent = new AgentPeer(receiver.port);
  agent.hello();
  await agent.answer('welcome');
  for (let number = 1; number <= frames; number += 1) agent.frame(number, makeJpeg(number));
  agent.report(frames + 1);
  const stored = () => agent.messages.filter(({ type }) => type === 'stored');
  await eventually(() => stored().length === frames + 1, 'an acknowledgement of each');
  const cache = { XDG_CACHE_HOME: temporaryDirectory() };
  const type = async (...args: string[]) => {
    const line = [`${root}dist/receiver.js`, ...args];
    return await run(process.execPath, line, { env: { ...env, ...cache } });
  };
  const command = (name: string, ...args: string[]) =>
    type(name, '--dir', place, ...bucket, ...args);
  return { stub, bucket, receiver, agent, command, type };
}

const framesIn = ({ objects }: S3Stub): string[] =>
  [...objects]
    .filter(([key, { body }]) => key.endsWith('.jpg') && body.length > 0)
    .map(([key]) => key);

describe('receiver verify and export', () => {
  it('check a bucket and copy a stretch of it, which verifies without the store', async () => {
    const { stub, command, type } = await makeBucket();
    expect(await command('verify', '--keys', temporaryDirectory())).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(/^yard: all as recorded\n {2}5 frames/) as string,
    });
    const out = join(temporaryDirectory(), 'out.zip');
    const stretch = ['--camera', 'yard', '--from', '2026-11-22', '--to', '2026-11-23'];
    expect(await command('export', ...stretch, out)).toMatchObject({
      ...{ code: 0, stderr: '', stdout: expect.stringContaining('5 frames') as string },
    });
    expect(await type('verify', out, '--keys', temporaryDirectory())).toMatchObject({ code: 0 });
    stub.objects.delete(framesIn(stub)[0] ?? '');
    const { code, stdout } = await command('verify', '--keys', temporaryDirectory());
    expect({ code, stdout }).toMatchObject({
      ...{ code: 1, stdout: expect.stringMatching(/^yard\/.*\.jpg: missing-file\n/) as string },
    });
  });

  it('take no camera for no answer where no receiver has stored, as under a misspelt prefix', async () => {
    const { bucket, type } = await makeBucket(1);
    const verified = await type('verify', '--dir', `${place}-typo`, ...bucket);
    expect(verified).toMatchObject({ code: 3, stdout: '' });
    expect(verified.stderr).toContain(`${place}-typo has no camera, and no receiver has stored`);
  });

  it('name the keys that are missing, and do not say that the store does not answer', async () => {
    const { bucket, type } = await makeBucket(1);
    const none = join(temporaryDirectory(), 'none');
    const store = ['--dir', place, ...bucket, '--s3-credentials', none];
    const verified = await type('verify', ...store);
    expect(verified.code).toBe(3);
    expect(verified.stderr).toContain(`cannot read the keys of the object store in ${none}`);
    expect(verified.stderr).not.toContain('answer');
    const stretch = ['--camera', 'yard', '--from', '2026-11-22', '--to', '2026-11-23'];
    const exported = await type('export', ...store, ...stretch, join(temporaryDirectory(), 'out'));
    expect(exported.stderr).toContain(`cannot read the keys of the object store in ${none}`);
    expect(exported.stderr).not.toContain('answer');
  });

  it('say that the store is away, with their codes', async () => {
    const { stub, command } = await makeBucket(1);
    stub.fault = () => ({ kind: 'refuse', status: 403, code: 'AccessDenied' });
    const verified = await command('verify', '--keys', temporaryDirectory());
    expect(verified).toMatchObject({
      ...{ code: 3, stderr: expect.stringContaining(`cannot read ${place}`) as string },
    });
    expect(verified.stderr).toContain('give these keys the right to list');
    const stretch = ['--camera', 'yard', '--from', '2026-11-22', '--to', '2026-11-23'];
    const exported = await command('export', ...stretch, join(temporaryDirectory(), 'out'));
    expect(exported).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('403 AccessDenied') as string },
    });
  });
});

describe('receiver erase', () => {
  it('erases a stretch of a bucket beside its receiver, which stores none of it again', async () => {
    const { stub, agent, command } = await makeBucket();
    const [first = ''] = framesIn(stub).sort();
    const [, time = ''] = /(\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d)_\d{3}/.exec(first) ?? [];
    const [year, month, date, ...clock] = time.split('_');
    const from = `${year}-${month}-${date}T${clock.join(':')}`;
    const stretch = [
      '--camera',
      'yard',
      '--from',
      from,
      '--to',
      `${year}-${month}-${date}T23:59:59`,
    ];
    const why = ['--why', 'a guest asked for it'];
    expect(await command('erase', ...stretch, ...why, '--dry-run')).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^would erase 5 frames, /) as string },
    });
    expect(framesIn(stub)).toHaveLength(5);
    expect(await command('erase', ...stretch, ...why)).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^erased 5 frames, .* of yard\n/) as string },
    });
    expect(framesIn(stub)).toEqual([]);
    const verified = await command('verify', '--keys', temporaryDirectory());
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 frames') as string,
    });
    const before = agent.messages.length;
    agent.frame(1, makeJpeg(1));
    await eventually(() => agent.messages.length > before, 'an answer');
    expect(agent.messages.at(-1)).toMatchObject({ type: 'stored', sequence: 1 });
    expect(framesIn(stub)).toEqual([]);
  });
});

describe('receiver keep and unkeep', () => {
  it('write into the record of a bucket, and name what is not there', async () => {
    const { stub, command } = await makeBucket(1);
    const [key = ''] = framesIn(stub);
    const file = key.slice('cams/'.length);
    expect(await command('keep', file, '--note', 'who?')).toMatchObject({
      ...{
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('kept: 1 frame in yard/') as string,
      },
    });
    expect(await command('unkeep', `${place}/${file}`)).toMatchObject({
      ...{ code: 0, stdout: expect.stringContaining('no longer kept: 1 frame') as string },
    });
    const notes = [...stub.objects].filter(([each]) => each.includes('/record.d/n-'));
    expect(notes.map(([, { body }]) => body.toString().slice(0, 8)).sort()).toEqual([
      ...['{"kept":', '{"unkept'],
    ]);
    const missing = await command('keep', file.replace(/\d(?=[+-])/, 'x'));
    expect(missing).toMatchObject({ code: 2 });
    expect(await command('keep', 'yard/e99')).toMatchObject({
      ...{
        code: 1,
        stderr: expect.stringContaining('has no frame of an event yard/e99') as string,
      },
    });
  });
});

describe('receiver prune', () => {
  it('lists and deletes old frames of a bucket, and asks before it deletes most of them', async () => {
    const { stub, command } = await makeBucket();
    const dry = await command('prune', '--max-age', '1d', '--dry-run');
    expect(dry).toMatchObject({
      ...{ code: 0, stderr: '', stdout: expect.stringContaining('5 frames in all') as string },
    });
    expect(await command('prune', '--max-age', '1d')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('5 frames of 5, more than half') as string },
    });
    expect(framesIn(stub)).toHaveLength(5);
    expect(await command('prune', '--max-age', '1d', '--scheduled')).toMatchObject({
      ...{ code: 0, stdout: expect.stringContaining('nothing is deleted before') as string },
    });
    expect(await command('prune', '--max-age', '1d', '--yes')).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^5 frames deleted, /) as string },
    });
    expect(framesIn(stub)).toEqual([]);
    const cache = temporaryDirectory();
    expect(await command('prune', '--max-age', '1d', '--cache', cache)).toMatchObject({ code: 0 });
    expect(readdirSync(cache)).toHaveLength(1);
    const verified = await command('verify', '--keys', temporaryDirectory());
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    const refused = await command('prune', '--min-free', '10%');
    expect(refused).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('--min-free has no meaning') as string },
    });
  });

  it("says that it is no receiver's bucket", async () => {
    const { stub, command } = await makeBucket(1);
    stub.objects.clear();
    expect(await command('prune', '--max-age', '1d', '--yes')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('has no .picchanged.json') as string },
    });
    expect(stub.objects.size).toBe(0);
  });
});

describe('a receiver with a bucket, limits and a viewer', () => {
  it('deletes old frames by itself, stores meanwhile, has one cache, and stops at once', async () => {
    const { stub, agent, bucket, receiver, command } = await makeBucket(2);
    for (let number = 4; number < 9; number += 1) {
      agent.frame(number, makeJpeg(number), { capturedAtMs: Date.now() - 1000 * number });
    }
    await eventually(() => framesIn(stub).length === 7, 'seven frames');
    await receiver.stop();
    const cache = temporaryDirectory();
    const args = [...bucket, '--max-age', '1d', '--web', '127.0.0.1:0', '--cache', cache];
    const limited = await startReceiverProgram(place, args, { env });
    const other = new AgentPeer(limited.port);
    other.hello();
    await other.answer('welcome');
    other.frame(9, makeJpeg(9), { capturedAtMs: Date.now() });
    await eventually(() => framesIn(stub).length === 6, 'two deleted frames, and a new one');
    expect(limited.stderr()).toContain('deleting the oldest frames beyond the limits');
    await eventually(() => limited.stderr().includes('old frames deleted'), 'a line of the log');
    expect(readdirSync(cache)).toHaveLength(1);
    expect(await limited.stop()).toBe(0);
    const { code, stdout } = await command('verify', '--keys', temporaryDirectory());
    expect({ code, stdout }).toMatchObject({
      ...{ code: 0, stdout: expect.stringContaining('6 frames') as string },
    });
  });
});
