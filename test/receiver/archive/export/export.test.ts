/** An export of a stretch, as a directory and as a zip file, verified without the receiver. */
import { createHash, type KeyObject } from 'node:crypto';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type ExportWish,
  exportCamera,
} from '../../../../receiver/archive/export/export-camera.js';
import { escapeHtml, pageHead } from '../../../../receiver/archive/export/export-page.js';
import { openSink } from '../../../../receiver/archive/export/export-sink.js';
import { CapturesSource } from '../../../../receiver/archive/verify/captures-source.js';
import { openTarget } from '../../../../receiver/archive/verify/open-target.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { filesBelow } from '../../../support/files.js';
import { memoryBase, temporaryDirectory } from '../../../support/temporary.js';
import { StoreCamera, keyPair, makeStore, verify } from '../verify/made-store.js';

const original = mkdtempSync(join(memoryBase, 'picchanged-test-'));
afterAll(() => rmSync(original, { recursive: true, force: true }));
let made: ReturnType<typeof makeStore> | undefined;
const store = () => (made ??= makeStore(original));

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const range = {
  fromLocalMs: Date.UTC(2026, 10, 22, 22),
  toLocalMs: Date.UTC(2026, 10, 23, 2),
};

async function exportTo(out: string, captures = original, changes: Partial<ExportWish> = {}) {
  const { keys } = await store();
  const root = await Folder.open(captures);
  try {
    const sink = await openSink(out);
    const page = {
      from: '2026-11-22 22:00',
      to: '2026-11-23 02:00',
      exportedAt: 'now',
      fingerprint: 'SHA256:x',
    };
    const wish = { camera: 'yard', range, page, publicKey: pemOf(keys.yard.publicKey), ...changes };
    const exported = await exportCamera(new CapturesSource(root), sink, wish);
    await sink.finish();
    return exported;
  } finally {
    await root.close();
  }
}

async function verifyExport(path: string) {
  const target = await openTarget(path, undefined);
  const { source, facts, ownKeys } = target;
  try {
    const keys = new Map(facts ? [[facts.camera, ownKeys]] : []);
    return await verify(original, keys, { source, part: facts, cameras: await source.cameras() });
  } finally {
    await target.close();
  }
}

describe.each(['a directory', 'a zip file'])('an export to %s', (kind) => {
  const outIn = (): string => join(temporaryDirectory(), kind === 'a zip file' ? 'out.zip' : 'out');

  it('of a time before a new key is proven by the earlier key, which comes with it', async () => {
    const out = outIn();
    const { keys } = await store();
    const earlierKeys = [
      { name: 'yard.earlier-0123abcd.pem', pem: pemOf(keys.yard.publicKey) },
      { name: 'yard.earlier-4567cdef.pem', pem: pemOf(keys.door.publicKey) },
    ];
    const now = { publicKey: pemOf(keyPair().publicKey) };
    await exportTo(out, original, { ...now, earlierKeys });
    const { findings, results } = await verifyExport(out);
    expect(findings).toEqual([]);
    expect(results[0]?.tally).toMatchObject({ unsigned: 0, keyNotKnown: 0 });
    expect(results[0]?.tally.proven).toBeGreaterThan(5);
  });

  it('has the frames, lines and key of its stretch, and verifies by itself', async () => {
    const out = outIn();
    const exported = await exportTo(out);
    expect(exported).toMatchObject({ frames: 11, brokenCount: 0, deleted: 0 });
    const { findings, results } = await verifyExport(out);
    expect(findings).toEqual([]);
    expect(results).toMatchObject([{ camera: 'yard', tally: { frames: 11, proven: 13, gaps: 1 } }]);
  });

  it('is never written over something, and leaves nothing when it fails', async () => {
    const out = outIn();
    writeFileSync(out, 'mine');
    await expect(exportTo(out)).rejects.toThrow('exists already');
    const late = `${out}${kind === 'a zip file' ? '-late.zip' : '-late'}`;
    const sink = await openSink(late);
    await sink.write('a.txt', Buffer.from('a'));
    writeFileSync(late, 'mine');
    await expect(sink.finish()).rejects.toThrow('was made meanwhile');
    await sink.abandon();
    expect(readFileSync(late, 'utf8')).toBe('mine');
    expect(readdirSync(join(out, '..')).sort()).toEqual([basename(out), basename(late)].sort());
  });

  it('is under a temporary name until it is whole', async () => {
    const out = outIn();
    const sink = await openSink(out);
    await sink.write('yard/2026_11_22/a.jpg', Buffer.alloc(100_000));
    expect(readdirSync(join(out, '..')).filter((name) => !name.endsWith('.part'))).toEqual([]);
    await sink.abandon();
    expect(readdirSync(join(out, '..'))).toEqual([]);
  });

  it('leaves out a frame that is not as recorded, and names it', async () => {
    await store();
    const captures = temporaryDirectory();
    cpSync(original, captures, { recursive: true });
    const [first = '', second = ''] = filesBelow(captures)
      .filter((name) => name.startsWith('yard/2026_11_22/') && name.endsWith('.jpg'))
      .sort()
      .slice(-2);
    writeFileSync(join(captures, first), 'x');
    rmSync(join(captures, second));
    const out = outIn();
    const exported = await exportTo(out, captures);
    expect(exported.broken).toEqual([
      `${first}: its bytes are not those of the record`,
      `${second}: its file is missing`,
    ]);
    const { kinds } = await verifyExport(out);
    expect(kinds.sort()).toEqual([`missing-file ${first}`, `missing-file ${second}`]);
  });
});

describe('a zip file', () => {
  it('that is cut off anywhere is no export', async () => {
    const out = join(temporaryDirectory(), 'out.zip');
    await exportTo(out);
    const { length } = readFileSync(out);
    for (const bytes of [length - 1, length - 30, Math.floor(length / 2), 100, 0]) {
      truncateSync(out, bytes);
      await expect(openTarget(out, undefined)).rejects.toThrow('is damaged');
    }
  });

  it('with any changed byte of a frame or a text is found', async () => {
    const out = join(temporaryDirectory(), 'out.zip');
    await exportTo(out);
    const whole = readFileSync(out);
    const target = await openTarget(out, undefined);
    const { source } = target;
    const contents = filesBelow(original).filter((name) => name.startsWith('yard/2026_11_22/'));
    expect(await source.cameras()).toEqual(['yard']);
    await target.close();
    const picture = readFileSync(
      join(
        original,
        contents
          .filter((name) => name.endsWith('.jpg'))
          .sort()
          .at(-1) ?? '',
      ),
    );
    const places = [
      whole.indexOf(picture) + 50,
      whole.indexOf('"ratio"') + 3,
      whole.indexOf('<h1>'),
      whole.indexOf('BEGIN PUBLIC') + 40,
    ];
    for (const at of places) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(out, changed);
      const found = await verifyExport(out).then(
        ({ kinds }) => kinds.map((each) => each.split(' ')[0]).join(),
        (error: unknown) => String(error),
      );
      expect(found).toMatch(/wrong-bytes|were changed/);
    }
  });
});

describe('an export of a camera whose clock was set', () => {
  it('does not miss the entries that are outside of its time', async () => {
    const captures = temporaryDirectory();
    const { keys } = await store();
    const frames = await openFrameStore(captures, Date.now());
    const camera = new StoreCamera(frames, 'yard', keys.yard.privateKey);
    camera.atMs = Date.UTC(2026, 10, 22, 21);
    await camera.frame();
    await camera.frame({ atMs: 1000 });
    await camera.frame({ atMs: Date.UTC(2026, 10, 22, 3) });
    await camera.frame();
    await frames.close();
    const out = join(temporaryDirectory(), 'out.zip');
    expect(await exportTo(out, captures)).toMatchObject({ frames: 2, unclocked: 1 });
    expect((await verifyExport(out)).kinds).toEqual([]);
  });

  it('says how many frames without a clock arrived in its time, and where they are', async () => {
    const captures = temporaryDirectory();
    const { keys } = await store();
    const frames = await openFrameStore(captures, Date.now());
    const camera = new StoreCamera(frames, 'yard', keys.yard.privateKey);
    // In local time, an hour later: before the stretch, and in it.
    for (const arrivedMs of [Date.UTC(2026, 10, 22, 20), Date.UTC(2026, 10, 22, 22)]) {
      camera.atMs = arrivedMs;
      await camera.frame({ atMs: 1000 + camera.sequence });
    }
    await frames.close();
    const out = join(temporaryDirectory(), 'out');
    expect(await exportTo(out, captures)).toMatchObject({ frames: 0, unclocked: 1 });
    const page = readFileSync(join(out, 'index.html'), 'utf8');
    expect(page).toContain('<li>1 frame arrived in this stretch from a camera without a clock');
    expect(page).toContain('yard/unclocked');
  });
});

describe('the page of an export', () => {
  it('escapes each text, has no script, and asks no other machine', async () => {
    const hostile = '<script>alert("1")</script>&';
    const facts = { from: hostile, to: hostile, exportedAt: hostile, fingerprint: hostile };
    const head = pageHead({ camera: 'yard', ...facts, frames: 1, leftOut: [hostile] });
    expect(head).not.toContain('<script');
    expect(head).toContain(escapeHtml(hostile));
    const out = join(temporaryDirectory(), 'out');
    await exportTo(out);
    const page = readFileSync(join(out, 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script|https?:|\bon\w+=|@import/i);
    const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = '']) => link);
    expect(new Set(links).size).toBe(11);
    const times = [...page.matchAll(/captured (\d+)/g)].map(([, ms]) => Number(ms));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const link of links) {
      const sha256 = createHash('sha256')
        .update(readFileSync(join(out, link)))
        .digest('hex');
      const original256 = createHash('sha256')
        .update(readFileSync(join(original, link)))
        .digest('hex');
      expect(sha256).toBe(original256);
    }
  });
});
