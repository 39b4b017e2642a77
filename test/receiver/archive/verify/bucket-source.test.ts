/** What verify finds in a bucket: nothing in an honest one, each change by its name; and an export of it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportCamera } from '../../../../receiver/archive/export/export-camera.js';
import { openSink } from '../../../../receiver/archive/export/export-sink.js';
import { BucketSource } from '../../../../receiver/archive/verify/bucket-source.js';
import { CheckEndedError } from '../../../../receiver/archive/verify/check-threads.js';
import type { KnownKeys } from '../../../../receiver/archive/verify/keys.js';
import { openTarget } from '../../../../receiver/archive/verify/open-target.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { systemClock } from '../../../../shared/clock.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { type S3Stub, startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { fillStore, verifySource } from './made-store.js';

const [day, nextDay] = ['yard/2026_11_22', 'yard/2026_11_23'];

let filled: Promise<{ known: KnownKeys; objects: S3Stub['objects'] }> | undefined;

/** Two signed cameras, three days, a gap, reports, a second epoch. */
async function fill() {
  const stub = await startS3Stub();
  const parts = { client: clientOf(stub), clock: systemClock, erasuresMaxAgeMs: 0 };
  const { known } = await fillStore(await openBucketStore(parts));
  return { known, objects: stub.objects };
}

/** A copy of it. */
async function makeBucket() {
  const { known, objects } = await (filled ??= fill());
  const stub = await startS3Stub();
  for (const [key, object] of objects) stub.objects.set(key, object);
  const keysIn = (path: string, start: string): string[] =>
    [...stub.objects.keys()].filter((key) => key.startsWith(`cams/${path}/${start}`)).sort();
  return { stub, known, keysIn, source: new BucketSource(clientOf(stub)) };
}

type World = Awaited<ReturnType<typeof makeBucket>>;

/** Replaces parts of an object. */
function change(
  { objects }: S3Stub,
  key: string | undefined,
  edit: (body: Buffer) => { body?: Buffer; metadata?: Record<string, string> },
): void {
  const object = objects.get(key ?? '');
  if (object === undefined) throw new Error(`there is no object ${key}`);
  objects.set(key ?? '', { ...object, ...edit(Buffer.from(object.body)) });
}

const framesIn = ({ keysIn }: World, path = day): string[] => keysIn(path, '2026');

describe('an honest bucket', () => {
  it('has no finding, and each entry is proven', async () => {
    const { source, known } = await makeBucket();
    const { findings, results } = await verifySource(source, known);
    expect(findings).toEqual([]);
    expect(
      results.map(({ camera, tally: { frames, proven } }) => [camera, frames, proven]),
    ).toEqual([
      ['door', 16, 21],
      ['yard', 16, 21],
    ]);
  });

  it('loads at most 16 objects at the same time', async () => {
    const { stub, known } = await makeBucket();
    let [running, most] = [0, 0];
    const source = new BucketSource(
      clientOf(stub, {
        async send(url, request) {
          const { exchange } = await import('../../../../receiver/store/s3/http-exchange.js');
          running += 1;
          most = Math.max(most, running);
          return await exchange(url, request).finally(() => (running -= 1));
        },
      }),
    );
    await verifySource(source, known);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('that since then has nothing new is not loaded, and what was added is', async () => {
    const world = await makeBucket();
    const { stub, known, keysIn } = world;
    const sinceMs = Date.UTC(2026, 10, 27);
    for (const [key, object] of stub.objects) {
      stub.objects.set(key, { ...object, modifiedAtMs: sinceMs - 1000 });
    }
    const since = { atMs: sinceMs, all: new BucketSource(clientOf(stub)) };
    const source = new BucketSource(clientOf(stub), sinceMs);
    const common = { since, cameras: ['yard'] };
    const old = await verifySource(source, known, common);
    expect(old.findings).toEqual([]);
    expect(old.results[0]?.tally.frames).toBe(0);
    const [line = ''] = keysIn(day, 'record.d/l-');
    const object = stub.objects.get(line);
    if (object !== undefined) stub.objects.set(line, { ...object, modifiedAtMs: sinceMs });
    const { results } = await verifySource(source, known, common);
    expect(results[0]?.tally.frames).toBeGreaterThan(0);
  });
});

describe('a change of a bucket is found:', () => {
  const cases: [string, (world: World) => void, string[]][] = [
    [
      'a byte of a frame',
      (world) =>
        change(world.stub, framesIn(world)[1], (body) => {
          body[100] = (body[100] ?? 0) ^ 1;
          return { body };
        }),
      ['wrong-bytes'],
    ],
    [
      'a frame that is cut',
      (world) => change(world.stub, framesIn(world)[1], (body) => ({ body: body.subarray(0, 50) })),
      ['wrong-size'],
    ],
    [
      'a frame that was removed',
      (world) => world.stub.objects.delete(framesIn(world)[1] ?? ''),
      ['missing-file'],
    ],
    [
      'a frame that was emptied, and no line says so',
      (world) =>
        change(world.stub, framesIn(world)[1], () => ({
          ...{ body: Buffer.alloc(0), metadata: { deleted: 'max-age' } },
        })),
      ['missing-file'],
    ],
    [
      'a frame that is empty, and not deleted',
      (world) => change(world.stub, framesIn(world)[1], () => ({ body: Buffer.alloc(0) })),
      ['wrong-size'],
    ],
    [
      'metadata with another hash',
      (world) =>
        change(world.stub, framesIn(world)[1], () => ({ metadata: { sha256: 'f'.repeat(64) } })),
      ['wrong-metadata'],
    ],
    [
      'metadata with another frame',
      (world) =>
        change(world.stub, framesIn(world)[1], () => ({
          metadata: { frame: `${'e'.repeat(32)} 1 2026-11-22T07:30:15.001Z` },
        })),
      ['wrong-metadata'],
    ],
    [
      'an object that is no frame',
      ({ stub }) => {
        const object = { body: Buffer.from('x'), metadata: {}, modifiedAtMs: 0 };
        stub.objects.set(`cams/${day}/notes/today.txt`, object);
        stub.objects.set('cams/yard/readme.txt', object);
      },
      ['foreign-file', 'foreign-file'],
    ],
    [
      'a frame without a line',
      ({ stub }) => {
        const object = { body: Buffer.from('x'), metadata: {}, modifiedAtMs: 0 };
        stub.objects.set(`cams/${day}/2026_11_22_08_30_15_123+0100.jpg`, object);
      },
      ['no-line'],
    ],
    [
      'a compacted record that something else has written: the other days are checked',
      ({ stub }) => {
        const object = { body: Buffer.from('x'), metadata: {}, modifiedAtMs: 0 };
        stub.objects.set(`cams/${nextDay}/record.d/c-000000009`, object);
      },
      ['missing-entries', 'unreadable'],
    ],
    [
      'a removed line of a report',
      ({ stub, keysIn }) => stub.objects.delete(keysIn(nextDay, 'record.d/e-')[0] ?? ''),
      ['missing-entries'],
    ],
    [
      'a changed line',
      ({ stub, keysIn }) =>
        change(stub, keysIn(day, 'record.d/l-')[0], (body) => ({
          body: Buffer.from(body.toString().replace('"bytes":', '"bytes":1')),
        })),
      ['wrong-signature', 'wrong-size'],
    ],
  ];
  it.each(cases)('%s', async (_what, tamper, expected) => {
    const world = await makeBucket();
    tamper(world);
    const { kinds } = await verifySource(world.source, world.known);
    expect(kinds.map((kind) => kind.split(' ')[0]).sort()).toEqual([...expected].sort());
  });
});

describe('an object store that does not answer', () => {
  it('ends the check: nothing is said about what was not read', async () => {
    const { stub, known, source } = await makeBucket();
    stub.fault = ({ key }) => (key.endsWith('.jpg') ? { kind: 'break before' } : undefined);
    await expect(verifySource(source, known)).rejects.toBeInstanceOf(CheckEndedError);
    stub.fault = ({ query }) => (query.has('prefix') ? { kind: 'break before' } : undefined);
    await expect(verifySource(source, known)).rejects.toBeInstanceOf(CheckEndedError);
  });

  it('to one object leaves that one unreadable', async () => {
    const world = await makeBucket();
    const [frame = ''] = framesIn(world);
    world.stub.fault = ({ method, key }) =>
      method === 'GET' && key === frame
        ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
        : undefined;
    const { findings } = await verifySource(world.source, world.known);
    expect(findings).toMatchObject([
      {
        ...{ kind: 'unreadable', path: frame.slice('cams/'.length) },
        found: expect.stringContaining('403 AccessDenied') as string,
      },
    ]);
  });
});

describe('an export of a bucket', () => {
  const wish = {
    ...{ camera: 'yard', publicKey: undefined },
    range: { fromLocalMs: Date.UTC(2026, 10, 22, 22), toLocalMs: Date.UTC(2026, 10, 23, 2) },
    page: { from: 'a', to: 'b', exportedAt: 'now', fingerprint: undefined },
  };

  it('has what that of a directory has, and verifies by itself', async () => {
    const { source, known } = await makeBucket();
    const out = join(temporaryDirectory(), 'out.zip');
    const sink = await openSink(out);
    expect(await exportCamera(source, sink, wish)).toMatchObject({ frames: 11, brokenCount: 0 });
    await sink.finish();
    const target = await openTarget(out, undefined);
    const changes = { part: target.facts };
    const { findings, results } = await verifySource(target.source, known, changes);
    await target.close();
    expect(findings).toEqual([]);
    expect(results).toMatchObject([{ camera: 'yard', tally: { frames: 11, proven: 13, gaps: 1 } }]);
  });

  it('ends when the store is away, and does not call frames missing', async () => {
    const { stub, source } = await makeBucket();
    stub.fault = ({ key }) => (key.endsWith('.jpg') ? { kind: 'break before' } : undefined);
    const sink = await openSink(join(temporaryDirectory(), 'out.zip'));
    await expect(exportCamera(source, sink, wish)).rejects.toBeInstanceOf(CheckEndedError);
    await sink.abandon();
  });
});
