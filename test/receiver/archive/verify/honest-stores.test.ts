/** Honest stores of any shape have no fault; one random change of such a store has one. */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelOf } from '../../../../receiver/archive/verify/findings.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import { type StoreNote, noteLine } from '../../../../receiver/store/store-note.js';
import { filesBelow } from '../../../support/files.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { StoreCamera, dayMs, epochs, keyPair, knownOf, verify } from './made-store.js';

type Step =
  | {
      readonly kind:
        'frame' | 'raw' | 'repeat' | 'report' | 'night' | 'epoch' | 'unclocked' | 'same-ms';
    }
  | { readonly kind: 'gap'; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'frame' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>({ kind: 'raw' }, { kind: 'unclocked' }, { kind: 'same-ms' }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'report' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'night' }, { kind: 'epoch' }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 5 }).map((count): Step => ({ kind: 'gap', count })),
  },
);
interface Shape {
  readonly steps: readonly Step[];
  readonly isSigned: boolean;
  readonly signedFrom: number;
}
const shape: fc.Arbitrary<Shape> = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
  isSigned: fc.boolean(),
  /** Of all entries, those before this one are not signed: the agent was of 0.1. */
  signedFrom: fc.integer({ min: 0, max: 10 }),
});

async function write({ steps, isSigned, signedFrom }: Shape) {
  const directory = temporaryDirectory();
  const keys = { yard: keyPair() };
  const store = await openFrameStore(directory, Date.now());
  const camera = new StoreCamera(store, 'yard');
  await camera.report();
  let nextEpoch = 1;
  for (const [at, { kind, ...rest }] of steps.entries()) {
    if (isSigned && at >= signedFrom) camera.privateKey = keys.yard.privateKey;
    if (kind === 'frame') await camera.frame();
    else if (kind === 'raw') await camera.frame({ isRaw: true });
    else if (kind === 'unclocked') await camera.frame({ atMs: 1000 });
    else if (kind === 'same-ms') {
      const atMs = camera.atMs + 5;
      await camera.frame({ atMs });
      await camera.frame({ atMs });
    } else if (kind === 'report') await camera.report();
    else if (kind === 'night') camera.atMs += dayMs;
    else if (kind === 'gap') await camera.gap('count' in rest ? rest.count : 1);
    else if (kind === 'epoch' && nextEpoch < epochs.length) {
      camera.nextEpoch(epochs[nextEpoch] ?? '');
      nextEpoch += 1;
      await camera.report();
    }
  }
  // No tail: a change of the last entries is found by the entry after them.
  await camera.report();
  await store.close();
  return { directory, known: knownOf(keys) };
}

describe('an honest store of any shape', () => {
  it('has no fault, with a known key or without', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (facts) => {
        const { directory, known } = await write(facts);
        for (const keys of [known, new Map()])
          expect((await verify(directory, keys)).kinds).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  it('has a fault after any one change of a signed entry', async () => {
    const choice = fc.record({
      facts: shape.map((each) => ({ ...each, isSigned: true, signedFrom: 0 })),
      kind: fc.constantFrom('line', 'byte-of-line', 'file', 'byte-of-file'),
      at: fc.nat(),
      byte: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(choice, async ({ facts, kind, at, byte, bit }) => {
        const { directory, known } = await write(facts);
        const isOfLine = kind === 'line' || kind === 'byte-of-line';
        const all = filesBelow(directory).filter((name) =>
          isOfLine ? name.endsWith('record.jsonl') : name.endsWith('.jpg'),
        );
        const name = all[at % Math.max(1, all.length)];
        if (name === undefined) return; // no frame
        const path = join(directory, name);
        const bytes = readFileSync(path);
        if (kind === 'file') rmSync(path);
        else if (kind === 'byte-of-file') {
          bytes[byte % bytes.length] = (bytes[byte % bytes.length] ?? 0) ^ (1 << bit);
          writeFileSync(path, bytes);
        } else {
          const lines = bytes.toString('latin1').trimEnd().split('\n');
          const last = all.toSorted().at(-1) === name ? lines.length - 2 : lines.length - 1;
          // The first entry of a store leaves no hole: it is a note that it begins late.
          const first = all.toSorted()[0] === name ? 1 : 0;
          const index = first + (byte % Math.max(1, last + 1 - first));
          const line = lines[Math.max(0, index)] ?? '';
          // A raw frame's line is not signed, and what the receiver adds is its own.
          const signedBytes = line.indexOf(',"sig":');
          if (signedBytes < 0 || last < first || name.includes('unclocked')) return;
          if (kind === 'line') lines.splice(index, 1);
          else {
            const changed = Buffer.from(line, 'latin1');
            const where = byte % signedBytes;
            changed[where] = (changed[where] ?? 0) ^ (1 << bit);
            lines[index] = changed.toString('latin1');
          }
          writeFileSync(path, `${lines.join('\n')}\n`, 'latin1');
        }
        const { findings } = await verify(directory, known);
        expect(findings.filter((each) => levelOf(each) === 'fault')).not.toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});

describe('what is gone on purpose', () => {
  it('is not missing: deleted frames, and what a summary stands for', async () => {
    const { directory, known } = await write({
      steps: Array.from({ length: 6 }, () => ({ kind: 'frame' as const })),
      isSigned: true,
      signedFrom: 0,
    });
    const folder = join(directory, 'yard/2026_11_22');
    const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
    const [first = '', second = '', third = ''] = names;
    const record = join(folder, 'record.jsonl');
    const common = { camera: 'yard', atMs: Date.now() };
    const deleted = {
      kind: 'deleted',
      ...common,
      why: 'max-age',
      names: [first, second],
      byteCount: 1,
    } as const;
    writeFileSync(record, readFileSync(record, 'utf8') + noteLine(deleted));
    rmSync(join(folder, first));
    // The sweep was killed before the second file.
    const { kinds } = await verify(directory, known);
    expect(kinds).toEqual([`unfinished-deletion yard/2026_11_22/${second}`]);
    rmSync(join(folder, second));
    const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
    const isThird = (line: string): boolean => line.includes('"sequence":4,');
    const summary: StoreNote = {
      kind: 'summary',
      ...{
        ...common,
        fromMs: 1,
        toMs: 2,
        why: 'deleted',
        frames: 1,
        byteCount: 1,
      },
      ...{ gaps: 0, reports: 0, entries: [{ epoch: epochs[0], ranges: [[4, 4]] }] },
    };
    rmSync(join(folder, third));
    writeFileSync(
      record,
      `${lines.filter((line) => !isThird(line)).join('\n')}\n${noteLine(summary)}`,
    );
    const { findings, results } = await verify(directory, known);
    expect(findings).toEqual([]);
    expect(results[0]?.tally).toMatchObject({ deleted: 2, summarized: 1 });
  });
});
