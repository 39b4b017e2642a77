/** A mirror against the merged record, whatever happens to the pieces and to the files of the mirror. */
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameLine, gapLine } from '../../../../receiver/store/record-line.js';
import { makeMirrorWorld, mirrored } from '../../../support/mirror-world.js';
import { day, frameOf, gapOf, nameOf } from '../../store/given.js';

const line = (number: number): string => {
  if (number % 5 === 4) return gapLine(gapOf(number));
  const frame = frameOf(number);
  const name = nameOf(number).slice(day.length + 1);
  return frameLine({ ...frame, name, byteCount: 1, size: { widthPx: 8, heightPx: 8 } });
};

const numbers = fc.array(fc.nat(40), { minLength: 1, maxLength: 6 });
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('put'), numbers }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('join'), share: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('take out'), numbers }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), share: fc.nat(100) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('refresh') }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('hint'), share: fc.nat(100) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('kill'),
        file: fc.constantFrom('record.jsonl', '.pieces'),
        harm: fc.constantFrom('none', 'cut', 'missing', 'zeros'),
        share: fc.nat(100),
      }),
    },
  ),
  { maxLength: 14 },
);
type Step = typeof steps extends fc.Arbitrary<readonly (infer S)[]> ? S : never;

it('has the lines of the bucket, once, after any joins, removals and crashes', async () => {
  let replaced = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      replaced += await run(given);
    }),
    { numRuns: 60 },
  );
  // The property is about something.
  expect(replaced).toBeGreaterThan(0);
});

/** @returns records that were replaced */
async function run(given: readonly Step[]): Promise<number> {
  const { open, put, remove, merged, stub } = await makeMirrorWorld();
  let mirror = await open();
  let [count, replaced] = [0, 0];
  /** Numbers of the lines of each piece. */
  const pieces = new Map<string, readonly number[]>();
  const set = (name: string, lines: readonly number[]): void => {
    pieces.set(name, lines);
    put(`${day}/record.d/${name}`, lines.map(line).join(''));
  };
  const take = (name: string): void => {
    pieces.delete(name);
    remove(`${day}/record.d/${name}`);
  };
  const partOf = (share: number): string[] =>
    [...pieces.keys()].slice(0, Math.ceil((pieces.size * share) / 100));
  /** Pieces that a hint has named since the last list. */
  const hinted = new Set<string>();
  /** A hint names pieces that are there, and others that are gone. */
  const hint = async (names: readonly string[], gone: readonly string[]): Promise<void> => {
    await mirror.addToDay(day, new Set([...names, ...gone]));
    for (const name of names) hinted.add(name);
    const lines = new Set(names.length === 0 ? [] : mirrored(mirror, day).lines);
    const wanted = names.flatMap((name) => pieces.get(name) ?? []).map((each) => line(each).trim());
    expect(wanted.filter((each) => !lines.has(each))).toEqual([]);
  };
  /** Of the last refresh; undefined: the next one may replace it. */
  let before: { text: string; inode: number } | undefined;
  const check = async (): Promise<void> => {
    await mirror.refreshDay(day);
    hinted.clear();
    const expected = await merged(day);
    const found = pieces.size === 0 ? undefined : mirrored(mirror, day);
    expect([...(found?.lines ?? [])].sort()).toEqual([...expected].sort());
    if (before !== undefined && found !== undefined) {
      expect(found.text.startsWith(before.text)).toBe(true);
      expect(found.inode).toBe(before.inode);
    }
    before = found;
  };
  for (const step of [...given, { kind: 'refresh' } as const]) {
    if (step.kind === 'put' && 'numbers' in step) set(`l-${(count += 1)}`, step.numbers);
    else if (step.kind === 'join' && 'share' in step) {
      const names = partOf(step.share);
      const lines = names.flatMap((name) => pieces.get(name) ?? []).reverse();
      if (names.length > 0) set(`l-${(count += 1)}`, lines);
      for (const name of names) take(name);
    } else if (step.kind === 'take out' && 'numbers' in step) {
      const gone = new Set(step.numbers);
      for (const [name, lines] of [...pieces]) {
        const rest = lines.filter((each) => !gone.has(each));
        if (rest.length === lines.length) continue;
        // Real pieces are written once.
        if (rest.length === 0 || hinted.has(name)) take(name);
        if (rest.length > 0) set(hinted.has(name) ? `l-${(count += 1)}` : name, rest);
      }
      before = undefined;
      replaced += 1;
    } else if (step.kind === 'remove' && 'share' in step) {
      for (const name of partOf(step.share)) take(name);
      before = undefined;
    } else if (step.kind === 'hint' && 'share' in step)
      await hint(partOf(step.share), step.share % 2 === 0 ? [] : ['l-gone']);
    else if (step.kind === 'kill' && 'harm' in step) {
      await mirror.close();
      harm(join(mirror.directory, day, step.file), step.harm, step.share);
      mirror = await open();
      if (step.harm !== 'none') before = undefined;
    } else await check();
  }
  await mirror.close();
  stub.objects.clear();
  return replaced;
}

/** As a crash or a power cut leaves a file. */
function harm(path: string, kind: string, share: number): void {
  let size: number;
  try {
    ({ size } = statSync(path));
  } catch {
    return; // there is no record yet
  }
  const at = Math.floor((size * share) / 100);
  if (kind === 'cut') truncateSync(path, at);
  else if (kind === 'missing') rmSync(path);
  else if (kind === 'zeros') writeFileSync(path, Buffer.alloc(size));
}
