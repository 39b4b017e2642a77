/**
 * The fleet meets every fault: no acknowledged frame is lost, none is stored twice, and all delivery resumes by itself.
 * HAProxy asks the receivers for their health and tells them the cameras' addresses, and sweeps delete what is too old.
 * FLEET_SEED repeats a plan, FLEET_ROUNDS runs the plan of that many seeds one after the other.
 */
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SigningKey } from '../../agent/uplink/keys/signing-key.js';
import { BucketCaptures } from '../../receiver/store/s3/bucket-captures.js';
import { systemClock } from '../../shared/clock.js';
import { seededRandom, shuffled } from '../faults/plan.js';
import { eventually } from '../support/eventually.js';
import { makeCameraKeys } from '../support/fleet-keys.js';
import { makeUniqueJpeg } from '../support/pictures.js';
import { root, run } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { WireCamera } from '../support/wire-camera.js';
import { auditFleet } from './fleet-audit.js';
import { type FaultWish, fleetFaults, injectFault } from './fleet-faults.js';
import { type Fleet, maxAgeMs, startFleet, whyNoFleet } from './fleet.js';

const whyNot = whyNoFleet();
const suffix = whyNot === undefined ? '' : `, skipped: ${whyNot}`;
const rounds = Number(process.env.FLEET_ROUNDS ?? 1);
const firstSeed = Number(process.env.FLEET_SEED ?? Math.floor(Math.random() * 2 ** 31));
const cameraCount = 20;
const frameBytes = 20_000;
/** Between two frames of one camera. */
const intervalMs = 1500;
/** An agent waits up to a minute after many failures: the suite has not the time. */
const longestPauseMs = 1000;
const hurriedClock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) =>
    systemClock.sleep(Math.min(ms, longestPauseMs), signal),
};

/** Drawn before anything runs at the same time: a seed repeats it. */
const plan = Array.from({ length: rounds }, (_, round): FaultWish[] => {
  const random = seededRandom(firstSeed + round);
  return shuffled(fleetFaults, random).map((kind) => ({
    ...{ kind, lastsMs: 500 + random() * 1500, chosen: random() },
  }));
}).flat();
const random = seededRandom(firstSeed);
const made = new Map<string, string>();
const acknowledged = new Set<string>();
/** Hashes of frames that are older than the limit. */
const old = new Map<string, string>();
const oldFramesEach = 2;
/** Their days, as `StoredCaptures.frames` takes them. */
const oldDays = new Set<string>();
const cameras: WireCamera[] = [];
const stopped = new AbortController();
// Each camera listens.
setMaxListeners(0, stopped.signal);
let filming: Promise<unknown> = Promise.resolve();
let fleet: Fleet | undefined;

beforeAll(async () => {
  if (whyNot !== undefined) return;
  console.log(`FLEET_SEED=${firstSeed}`);
  // Half of the cameras are paired: they use TLS. All of them sign their frames.
  const keys = makeCameraKeys(cameraCount);
  const isPaired = (at: number): boolean => at % 2 === 0;
  fleet = await startFleet(
    keys.filter((_, at) => isPaired(at)),
    random,
  );
  const state = mkdtempSync(join(tmpdir(), 'picchanged-test-'));
  const signing = await SigningKey.open(state);
  rmSync(state, { recursive: true });
  for (const [at, key] of keys.entries()) {
    const own = { camera: key.camera, port: fleet.port, clock: hurriedClock, signing };
    cameras.push(new WireCamera({ ...own, key: isPaired(at) ? key : undefined }));
  }
  filming = Promise.all(cameras.map(film));
});

afterAll(async () => {
  stopped.abort();
  await filming;
  await Promise.all(cameras.map((camera) => camera.stop()));
  await fleet?.stop();
});

async function film(camera: WireCamera): Promise<void> {
  await systemClock.sleep(random() * intervalMs, stopped.signal);
  while (!stopped.signal.aborted) {
    const jpeg = makeUniqueJpeg(frameBytes);
    const hash = createHash('sha256').update(jpeg).digest('hex');
    made.set(hash, camera.camera);
    await camera.add(jpeg, Date.now(), () => acknowledged.add(hash));
    await systemClock.sleep(intervalMs, stopped.signal);
  }
}

/** Each camera sends frames that it took long ago. */
async function deliverOld(): Promise<void> {
  for (const camera of cameras) {
    for (let at = 0; at < oldFramesEach; at += 1) {
      const jpeg = makeUniqueJpeg(frameBytes);
      const hash = createHash('sha256').update(jpeg).digest('hex');
      const atMs = Date.now() - maxAgeMs - (10 + at) * 86_400_000;
      old.set(hash, camera.camera);
      const day = new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '_');
      oldDays.add(`${camera.camera}/${day}`);
      await camera.add(jpeg, atMs, () => acknowledged.add(hash));
    }
  }
  await eventually(() => [...old.keys()].every((hash) => acknowledged.has(hash)), 'old frames');
}

/** A receiver that starts begins to sweep, if the last sweep was over five minutes ago by its clock. */
async function untilSwept({ client, receivers }: Fleet): Promise<void> {
  for (const receiver of receivers) {
    await receiver.kill();
    receiver.setClock('+400');
    await receiver.start();
  }
  const captures = new BucketCaptures(client);
  const isSwept = async (): Promise<boolean> => {
    for (const day of oldDays) if ((await captures.frames(day)).length > 0) return false;
    return true;
  };
  await eventually(isSwept, 'old frames are deleted', 180_000);
}

/** Each camera has another frame acknowledged. */
async function allDeliver(): Promise<void> {
  const before = new Map<string, number>();
  const counts = (): Map<string, number> => {
    const found = new Map<string, number>();
    for (const hash of acknowledged) {
      const camera = made.get(hash) ?? '';
      found.set(camera, (found.get(camera) ?? 0) + 1);
    }
    return found;
  };
  for (const [camera, count] of counts()) before.set(camera, count);
  await eventually(
    () => cameras.every(({ camera }) => (counts().get(camera) ?? 0) > (before.get(camera) ?? 0)),
    'each camera delivers',
    120_000,
  );
}

describe.skipIf(whyNot !== undefined)(`a fleet in trouble${suffix}`, () => {
  it(
    'loses no acknowledged frame, stores none twice, and resumes after each fault',
    async () => {
      if (fleet === undefined) throw new Error('the fleet was not started');
      await allDeliver();
      await deliverOld();
      for (const wish of plan) {
        const startMs = performance.now();
        await injectFault(fleet, wish);
        await allDeliver();
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        console.log(
          `${wish.kind}: all deliver again after ${seconds} s, ${acknowledged.size} frames`,
        );
      }
      stopped.abort();
      await filming;
      await eventually(() => cameras.every((each) => each.waitingCount === 0), 'all', 120_000);
      await untilSwept(fleet);
      const all = new Map([...made, ...old]);
      const book = { made: all, acknowledged, deleted: new Set(old.keys()) };
      expect(await auditFleet(fleet.client, book)).toEqual({
        ...{ lost: [], twice: [], foreign: [], unmatched: [], undeleted: [] },
        storedCount: made.size,
      });
      expect(acknowledged.size).toBe(all.size);
      expect(fleet.receivers.map(({ failures }) => failures)).toEqual([0, 0]);
      await expectWholeCopy(fleet);
    },
    540_000 * rounds,
  );
});

/** A copy of the bucket in a directory is verified whole. */
async function expectWholeCopy({ place, ceph, credentials }: Fleet): Promise<void> {
  const directory = join(temporaryDirectory(), 'captures');
  const endpoint = ['--s3-endpoint', ceph.endpoint.origin, '--s3-credentials', credentials];
  const program = `${root}dist/receiver.js`;
  const copied = await run(process.execPath, [program, 'copy', place, directory, ...endpoint]);
  expect(copied).toMatchObject({ code: 0, stderr: '' });
  const verified = await run(process.execPath, [program, 'verify', '--dir', directory]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  const counts = [...verified.stdout.matchAll(/^ *(\d+) frames? \(/gm)].map(([, count]) =>
    Number(count),
  );
  expect(counts).toHaveLength(cameraCount);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(made.size);
}
