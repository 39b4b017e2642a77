/**
 * The built programs that erase and delete in a bucket are killed at requests of theirs, as by kill -9, and run again:
 * what was asked for is gone then, nothing else is, and verify finds nothing.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBucketStore } from '../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../shared/clock.js';
import { mapAtOnce } from '../../receiver/store/at-once.js';
import { frameOf } from '../receiver/store/given.js';
import { eventually } from '../support/eventually.js';
import { type Running, root, run, start } from '../support/programs.js';
import { clientOf } from '../support/s3-bucket.js';
import {
  type Seen,
  type S3Stub,
  type StubFault,
  startS3Stub,
  stubKeys,
} from '../support/s3-stub.js';
import { temporaryDirectory } from '../support/temporary.js';

const dayMs = 86_400_000;
const place = 's3://frames/cams';
const env = {
  AWS_ACCESS_KEY_ID: stubKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: stubKeys.secretAccessKey,
};
const program = `${root}dist/receiver.js`;
/** A process waits half a minute for the lease of a killed one. */
const timeout = 400_000;
/** Most of the time they wait. */
const atOnce = 6;

/** Noon of a day whose frames are older than the limit of three days. */
const oldMs = Math.floor(Date.now() / dayMs) * dayMs - 4.5 * dayMs;
const dayOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 10)}T00:00`;

/** A request at which a process is killed: the first one of its kind, or a later one. */
interface KillPoint {
  readonly what: string;
  readonly isMeant: (request: Seen) => boolean;
  readonly nth?: number;
  readonly fault: StubFault['kind'] & ('break before' | 'break after');
}

const isPut = (part: RegExp) => (request: Seen) =>
  request.method === 'PUT' && part.test(request.key);
const killPoints: readonly KillPoint[] = [
  {
    what: 'the lines of deleted frames are written',
    isMeant: isPut(/record\.d\/n-/),
    fault: 'break after',
  },
  { what: 'some frames are emptied', isMeant: isPut(/\.jpg$/), nth: 3, fault: 'break before' },
  { what: 'a frame is emptied', isMeant: isPut(/\.jpg$/), fault: 'break after' },
  { what: 'the record is to be compacted', isMeant: isPut(/record\.d\/c-/), fault: 'break before' },
  { what: 'the record is compacted', isMeant: isPut(/record\.d\/c-/), fault: 'break after' },
];
const ofErasure: readonly KillPoint[] = [
  { what: 'the erasure is written', isMeant: isPut(/\.erasures\//), fault: 'break after' },
  ...killPoints,
];

/** Five old frames, and six of yesterday: less than half may go without a question. */
async function makeBucket() {
  const stub = await startS3Stub();
  const store = await openBucketStore({ client: clientOf(stub), clock: systemClock });
  const put = async (number: number, capturedAtMs: number): Promise<string> => {
    const times = { capturedAtMs, receivedAtMs: capturedAtMs + 1000 };
    return (await store.put(frameOf(number, times))).name;
  };
  const [old, recent]: [string[], string[]] = [[], []];
  for (let number = 1; number <= 5; number += 1) old.push(await put(number, oldMs + number));
  for (let number = 6; number <= 11; number += 1) {
    recent.push(await put(number, oldMs + 4 * dayMs + number));
  }
  await store.close();
  const frames = (): string[] =>
    [...stub.objects]
      .flatMap(([key, { body }]) => (key.endsWith('.jpg') && body.length > 0 ? [key] : []))
      .map((key) => key.slice('cams/'.length))
      .sort();
  const cache = temporaryDirectory();
  const lineOf = (args: readonly string[]): string[] => [
    ...[program, ...args, '--dir', place, '--s3-endpoint', stub.endpoint.origin],
  ];
  return { stub, old, recent, frames, cache, lineOf };
}

/** Kills the process at a request: before the store has carried it out, or before the process has the answer. */
async function killAt(stub: S3Stub, running: Running, point: KillPoint): Promise<void> {
  let [count, isKilled] = [0, false];
  stub.fault = (request) => {
    if (isKilled) return { kind: 'break before' };
    if (point.isMeant(request)) count += 1;
    if (count < (point.nth ?? 1)) return undefined;
    isKilled = true;
    running.child.kill('SIGKILL');
    return { kind: point.fault };
  };
  const ended = await running.ended;
  stub.fault = () => undefined;
  expect(ended, `${point.what}: ${running.stderr()}`).toBe('SIGKILL');
}

async function expectVerified({ lineOf }: Awaited<ReturnType<typeof makeBucket>>, what: string) {
  const line = lineOf(['verify', '--keys', temporaryDirectory()]);
  expect(await run(process.execPath, line, { env }), what).toMatchObject({ code: 0, stderr: '' });
}

const works = {
  erase: {
    points: ofErasure,
    args: () => [
      ...['erase', '--camera', 'yard', '--why', 'a guest asked for it'],
      ...['--from', dayOf(oldMs), '--to', dayOf(oldMs + dayMs)],
    ],
  },
  prune: {
    points: killPoints,
    args: (cache: string) => ['prune', '--max-age', '3d', '--cache', cache],
  },
} as const;

describe.each(Object.entries(works))('receiver %s that is killed', (_, { points, args }) => {
  it(
    'has removed nothing else, and does the rest when it is run again',
    async () => {
      await mapAtOnce(points, atOnce, async (point) => {
        const bucket = await makeBucket();
        const { stub, old, recent, frames, cache, lineOf } = bucket;
        const line = lineOf(args(cache));
        await killAt(stub, start(process.execPath, line, { env }), point);
        expect(frames(), point.what).toEqual(expect.arrayContaining(recent));
        await expectVerified(bucket, point.what);
        const again = await run(process.execPath, line, { env });
        expect(again, point.what).toMatchObject({ code: 0, stderr: '' });
        expect(frames(), point.what).toEqual(recent);
        expect(old.filter((name) => frames().includes(name))).toEqual([]);
        await expectVerified(bucket, point.what);
      });
    },
    timeout,
  );
});

describe('a receiver that is killed in its sweep', () => {
  it(
    'has deleted nothing else, and does the rest when it is started again',
    async () => {
      await mapAtOnce(killPoints, atOnce, async (point) => {
        const bucket = await makeBucket();
        const { stub, recent, frames, cache, lineOf } = bucket;
        const line = lineOf(['--listen', '127.0.0.1:0', '--max-age', '3d', '--cache', cache]);
        await killAt(stub, start(process.execPath, line, { env }), point);
        expect(frames(), point.what).toEqual(expect.arrayContaining(recent));
        await expectVerified(bucket, point.what);
        const again = start(process.execPath, line, { env });
        onTestFinished(() => void again.child.kill('SIGKILL'));
        const isSwept = (): boolean =>
          [...stub.objects].some(
            ([key, { body }]) => key.includes('/.sweeping/') && body.includes('"swept"'),
          );
        await eventually(isSwept, `${point.what}: the sweep after it`, 200_000);
        expect(await again.stop()).toBe(0);
        expect(frames(), point.what).toEqual(recent);
        await expectVerified(bucket, point.what);
      });
    },
    timeout,
  );
});
