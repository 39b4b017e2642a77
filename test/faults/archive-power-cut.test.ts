/**
 * No power cut in the middle of prune, erase, keep and export breaks a promise: each runs once under strace on a store,
 * every tree that a crash may leave is checked, and the same is done again on it.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportCamera } from '../../receiver/archive/export/export-camera.js';
import { openSink } from '../../receiver/archive/export/export-sink.js';
import { CapturesSource } from '../../receiver/archive/verify/captures-source.js';
import { levelOf } from '../../receiver/archive/verify/findings.js';
import { openTarget } from '../../receiver/archive/verify/open-target.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { verify } from '../receiver/archive/verify/made-store.js';
import { missing, root } from '../support/programs.js';
import { diskDirectory, temporaryDirectory } from '../support/temporary.js';
import { type Cuts, cutsOf } from './archive-cuts.js';
import {
  type Scenario,
  brokenBy,
  cutErase,
  cutKeep,
  cutPrune,
  prune,
  withCaptures,
} from './archive-scenarios.js';
import { type ArchiveStore, brokenIn, firstMs, makeArchive, treeOf } from './archive-store.js';
import { buildPrograms } from './mutants.js';
import { seenInArchiveCuts } from './mutations.js';
import { unpack } from './recovery.js';

const why = missing('strace', 'strace');
const program = `${root}dist/receiver.js`;

/** An agent sends each frame again: none is stored a second time, and none of what is gone comes back. */
async function sendAgain(directory: string, { frames }: ArchiveStore): Promise<void> {
  const framesIn = () => [...treeOf(directory).keys()].filter((path) => path.endsWith('.jpg'));
  const before = framesIn();
  const store = await openFrameStore(directory, Date.now());
  for (const { frame } of frames) await store.put(frame);
  await store.close();
  expect(framesIn()).toEqual(before);
}

/** `receiver verify` is content. */
async function expectContent(directory: string, { known }: ArchiveStore): Promise<void> {
  const { findings } = await verify(directory, known);
  expect(findings.filter((finding) => levelOf(finding) !== 'note')).toEqual([]);
}

/** On each tree the same is done again; then an agent sends its frames again. */
async function expectRecovery({ cuts, store, mayGo, isDone, doAgain }: Scenario): Promise<void> {
  const scratch = join(temporaryDirectory(), 'captures');
  for (const { tree } of cuts) {
    unpack(tree, scratch);
    await doAgain(scratch);
    const after = treeOf(scratch);
    expect(brokenIn(after, store, mayGo)).toEqual([]);
    expect(store.frames.filter((frame) => !isDone(after, frame))).toEqual([]);
    await expectContent(scratch, store);
    await sendAgain(scratch, store);
    await expectContent(scratch, store);
  }
}

const countsOf = ({ moments, crashes, cuts }: Cuts): string =>
  `${moments} moments, ${crashes} crashes, ${cuts.length} trees`;

describe('a power cut in the middle of', { timeout: 600_000 }, () => {
  it('prune deletes nothing else, and nothing without its line', async (test) => {
    test.skip(why !== undefined, why);
    const scenario = await cutPrune(program);
    expect(scenario.store.frames.filter(scenario.mayGo)).toHaveLength(2 * 10 - 1);
    expect(brokenBy(scenario)).toEqual([]);
    await expectRecovery(scenario);
    console.log(`prune: ${countsOf(scenario)}`);
  });

  it('erase leaves the rest, and what is erased stays erased', async (test) => {
    test.skip(why !== undefined, why);
    const scenario = await cutErase(program);
    expect(scenario.store.frames.filter(scenario.mayGo)).toHaveLength(6);
    expect(brokenBy(scenario)).toEqual([]);
    await expectRecovery(scenario);
    console.log(`erase: ${countsOf(scenario)}`);
  });

  it('keep leaves all frames, and what is kept no limit deletes', async (test) => {
    test.skip(why !== undefined, why);
    const scenario = await cutKeep(program);
    expect(brokenBy(scenario)).toEqual([]);
    await expectRecovery(scenario);
    const scratch = join(temporaryDirectory(), 'captures');
    for (const { tree, isSaid } of scenario.cuts) {
      if (!isSaid) continue;
      unpack(tree, scratch);
      await prune(scratch);
      const [kept] = scenario.store.frames.slice(1);
      expect([...treeOf(scratch).keys()]).toContain(kept?.path);
    }
    console.log(`keep: ${countsOf(scenario)}`);
  });

  it.for(['out', 'out.zip'])(
    'an export to %s leaves nothing that passes for one',
    async (out, test) => {
      test.skip(why !== undefined, why);
      const store = await makeArchive(diskDirectory());
      const rootPath = diskDirectory();
      const day = (nth: number): string =>
        new Date(firstMs + nth * 86_400_000).toISOString().slice(0, 10);
      const args = [
        ...['export', '--dir', store.directory, '--camera', 'yard'],
        ...['--from', day(0), '--to', day(2), join(rootPath, out)],
      ];
      const given = { program, rootPath, given: new Map() };
      const cuts = await cutsOf({ ...given, args, says: `${out}: 12 frames` });
      const scratch = join(temporaryDirectory(), 'exports');
      for (const { tree, isSaid } of cuts.cuts) {
        unpack(tree, scratch);
        const names = new Set([...tree.keys()].map((path) => path.split('/')[0] ?? ''));
        if (isSaid) expect([...names]).toContain(out);
        for (const name of names) {
          if (name !== out) expect(name).toMatch(/^\.out.*\.part$/);
          const opening = exportedFrames(join(scratch, name), store);
          if (name === out) expect(await opening).toBe(12);
          else await expect(opening).rejects.toThrow(/was not finished/);
        }
        if (names.has(out)) continue;
        await exportAgain(join(scratch, out), store);
        expect(await exportedFrames(join(scratch, out), store)).toBe(12);
      }
      console.log(`export to ${out}: ${countsOf(cuts)}`);
    },
  );

  it.for([
    ...[{ mutation: seenInArchiveCuts.noNoteFlush, cut: cutPrune, words: /gone without a line/ }],
    ...[{ mutation: seenInArchiveCuts.noNoteFlush, cut: cutKeep, words: /said that it was done/ }],
    ...[{ mutation: seenInArchiveCuts.noRemovalFlush, cut: cutPrune, words: /said that it was/ }],
    ...[{ mutation: seenInArchiveCuts.noErasureFlush, cut: cutErase, words: /said that it was/ }],
    ...[{ mutation: seenInArchiveCuts.noCompactFlush, cut: cutErase, words: /is in no record/ }],
  ])(
    'breaks a promise, in $cut.name, when $mutation.name',
    async ({ mutation, cut, words }, test) => {
      test.skip(why !== undefined, why);
      const { receiver } = await buildPrograms(diskDirectory(), mutation);
      expect(brokenBy(await cut(receiver)).join('\n')).toMatch(words);
    },
  );
});

/** @returns the frames of an export that verifies */
async function exportedFrames(path: string, { directory, known }: ArchiveStore): Promise<number> {
  const target = await openTarget(path, undefined);
  const { source, facts } = target;
  try {
    const cameras = await source.cameras();
    const { findings, results } = await verify(directory, known, { source, part: facts, cameras });
    expect(findings).toEqual([]);
    return results.reduce((sum, { tally }) => sum + tally.frames, 0);
  } finally {
    await target.close();
  }
}

async function exportAgain(out: string, { directory }: ArchiveStore): Promise<void> {
  const page = { from: 'then', to: 'then', exportedAt: 'now', fingerprint: undefined };
  const fromLocalMs = firstMs - 8 * 3_600_000;
  const range = { fromLocalMs, toLocalMs: fromLocalMs + 2 * 86_400_000 };
  await withCaptures(directory, async (captures) => {
    const sink = await openSink(out);
    const wish = { camera: 'yard', range, page, publicKey: undefined };
    await exportCamera(new CapturesSource(captures), sink, wish);
    await sink.finish();
  });
}
