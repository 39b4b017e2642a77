/** Receivers without state in front of a real object store: any of them may die, and no frame is lost or stored twice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BucketCaptures } from '../../receiver/store/s3/bucket-captures.js';
import { AgentPeer } from '../support/agent-peer.js';
import { type Ceph, cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const whyNot = whyNoCeph();
const suffix = whyNot === undefined ? '' : `, skipped: ${whyNot}`;
const env = {
  AWS_ACCESS_KEY_ID: cephKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: cephKeys.secretAccessKey,
};
const day = '2026_11_22';
let ceph: Ceph | undefined;

beforeAll(async () => {
  if (whyNot === undefined) ceph = await startCeph();
});

afterAll(() => ceph?.stop());

/** @param prefix of the bucket */
function makeFleet(prefix: string) {
  const running = ceph;
  if (running === undefined) throw new Error('Ceph was not started');
  const endpoint = ['--s3-endpoint', running.endpoint.origin];
  const place = `s3://${cephBucket}/${prefix}`;
  return {
    ...{ place, endpoint },
    captures: new BucketCaptures(running.client(`${prefix}/`)),
    startReceiver: () => startReceiverProgram(place, endpoint, { env }),
  };
}

/** Sends all frames of a camera on a new connection, as an agent does after it was cut off. */
async function sendAll(port: number, camera: number, jpegs: readonly Buffer[]) {
  const agent = new AgentPeer(port);
  agent.hello(`camera-${camera}`, `${camera}`.padStart(32, '0'));
  await agent.answer('welcome');
  for (const [at, jpeg] of jpegs.entries()) agent.frame(at + 1, jpeg);
  const stored = () => agent.messages.filter((message) => message.type === 'stored');
  return { agent, stored };
}

describe.skipIf(whyNot !== undefined)(`two receivers on one bucket${suffix}`, () => {
  it('lose no frame and store none twice, when one is killed and its cameras go to the other', async () => {
    const { captures, startReceiver } = makeFleet('killed');
    const receivers = [await startReceiver(), await startReceiver()] as const;
    const count = 20;
    const cameras = [1, 2, 3, 4, 5, 6];
    const framesOf = (camera: number): Buffer[] =>
      Array.from({ length: count }, (_, at) => makeJpeg(100 * camera + at));
    const sent = new Map(cameras.map((camera) => [camera, framesOf(camera)]));
    const links = await Promise.all(
      [...sent].map(([camera, jpegs]) =>
        sendAll(receivers[camera % 2 === 0 ? 0 : 1].port, camera, jpegs),
      ),
    );
    const acknowledged = (): number => links.reduce((sum, { stored }) => sum + stored().length, 0);
    await eventually(() => acknowledged() >= 20, 'some acknowledgements');
    await receivers[0].stop('SIGKILL');
    await Promise.all(
      [...sent].map(async ([camera, jpegs]) => {
        if (camera % 2 !== 0) return;
        const { stored } = await sendAll(receivers[1].port, camera, jpegs);
        await eventually(
          () => stored().length === count,
          `each frame of camera ${camera}`,
          120_000,
        );
      }),
    );
    const staying = links.filter((_, at) => (cameras[at] ?? 0) % 2 === 1);
    await eventually(() => staying.every(({ stored }) => stored().length === count), 'the others');
    expect(await captures.cameras()).toEqual(cameras.map((camera) => `camera-${camera}`));
    for (const [camera, jpegs] of sent) {
      const files = await captures.frames(`camera-${camera}/${day}`);
      expect(files).toHaveLength(count);
      for (const [at, { name }] of files.entries()) {
        expect(await captures.readFrame(`camera-${camera}/${day}/${name}`)).toEqual(jpegs[at]);
      }
      const lines = (await captures.readRecord(`camera-${camera}/${day}`)).toString().trimEnd();
      expect(lines.split('\n')).toHaveLength(count);
    }
  });

  it('can be copied into a directory, verified there, and copied back: the same bytes', async () => {
    const { place, endpoint, startReceiver } = makeFleet('copied');
    const receiver = await startReceiver();
    const jpegs = Array.from({ length: 10 }, (_, at) => makeJpeg(at));
    const { agent, stored } = await sendAll(receiver.port, 1, jpegs);
    agent.report(11);
    await eventually(() => stored().length === 11, 'an acknowledgement of each');
    await receiver.stop();
    const other = makeFleet('copied-back').place;
    const directories = [0, 1].map(() => join(temporaryDirectory(), 'captures'));
    const [first = '', second = ''] = directories;
    const program = `${root}dist/receiver.js`;
    for (const [from, to] of [
      [place, first],
      [first, other],
      [other, second],
    ] as const) {
      const copied = await run(process.execPath, [program, 'copy', from, to, ...endpoint], { env });
      expect(copied).toMatchObject({ code: 0, stderr: '' });
    }
    for (const directory of directories) {
      const { code, stdout } = await run(process.execPath, [program, 'verify', '--dir', directory]);
      expect({ code, stdout }).toMatchObject({ code: 0 });
    }
    const names = filesBelow(first);
    expect(names).toHaveLength(10);
    expect(filesBelow(second)).toEqual(names);
    for (const name of [...names, `camera-1/${day}/record.jsonl`]) {
      expect(readFileSync(join(second, name))).toEqual(readFileSync(join(first, name)));
    }
  });
});
