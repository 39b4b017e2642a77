/** Cameras of a captures directory, read from its records: days, neighbours, silence, planted links. */
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { camerasIn, openCaptures, readCamera } from '../../../receiver/archive/captures-reader.js';
import type { GapEntry, ReportEntry } from '../../../receiver/archive/record-entry.js';
import type { FrameEntry } from '../../../receiver/archive/frame-entry.js';
import { frameLine, gapLine, reportLine } from '../../../receiver/store/record-line.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { CameraEntries, at, dayRange, epoch } from './camera-entries.js';

/** The lines as the store writes them, without a signature. */
function lineOf(entry: FrameEntry | GapEntry | ReportEntry): string {
  const { camera = 'yard', receivedAtMs = 0, utcOffsetMinutes } = entry;
  const id = { epoch: entry.epoch ?? epoch, sequence: entry.sequence ?? 0 };
  const common = { camera, id, receivedAtMs, utcOffsetMinutes };
  if (entry.kind === 'frame') {
    const { capturedAtMs, name, sha256, byteCount, changed, event } = entry;
    const verdict = { reason: 'change', ratio: 0.1, boxes: [], changed, event };
    const facts = { capturedAtMs, name, sha256, byteCount, size: undefined, verdict };
    return frameLine({ ...common, ...facts });
  }
  if (entry.kind === 'gap') {
    const { count, fromMs, toMs, why, sequences } = entry;
    const times = { capturedAtMs: fromMs, lastCapturedAtMs: toMs };
    return gapLine({ ...common, ...times, count, why, sequences });
  }
  const { clockErrorMs, ended, ...report } = entry;
  const ends = ended.length === 0 ? undefined : [...ended];
  return reportLine({ ...common, report: { ...report, ended: ends }, clockErrorMs });
}

function captures(files: Readonly<Record<string, readonly string[]>>, appendedAtMs = at('09:00')) {
  const directory = temporaryDirectory();
  for (const [folder, lines] of Object.entries(files)) {
    const path = join(directory, folder, 'record.jsonl');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, lines.join(''));
    utimesSync(path, appendedAtMs / 1000, appendedAtMs / 1000);
  }
  return directory;
}

async function readFrom(directory: string, camera = 'yard', nowMs = at('09:00:30')) {
  const folder = await openCaptures(directory);
  onTestFinished(() => folder.close());
  const names = await camerasIn(folder);
  const wish = { range: dayRange, nowMs, utcOffsetMinutes: 0 };
  return { names, report: await readCamera(folder, camera, wish) };
}

describe('the report of a camera', () => {
  it('is read from the records of its day and the days beside it', async () => {
    const yard = new CameraEntries();
    const yesterday = yard.frame(at('-1:00'), { event: 'e' });
    const today = [yard.frame(at('00:10'), { event: 'e' }), yard.report(at('00:00'), at('09:00'))];
    const directory = captures({
      'yard/2026_11_21': [lineOf(yesterday)],
      'yard/2026_11_22': [...today.map(lineOf), 'foreign\n', '{"torn'],
      'yard/unclocked/2026_11_22': [lineOf(yard.frame(40_000, { name: `${epoch}-9.jpg` }))],
      'raw-192-168-1-5/2026_11_22': [],
    });
    const before = readdirSync(directory, { recursive: true }).sort();
    const { names, report } = await readFrom(directory);
    expect(names).toEqual(['raw-192-168-1-5', 'yard']);
    expect(report).toMatchObject({
      ...{ camera: 'yard', doesReport: true, skippedLines: 1, problems: [] },
      frames: { count: 1 },
      ...{ unclockedFrames: 1, missing: { count: 0 }, fromMs: at('00:00') },
      events: [{ event: 'e', firstAtMs: at('-1:00'), state: 'open' }],
      silentSinceMs: undefined,
    });
    expect(readdirSync(directory, { recursive: true }).sort()).toEqual(before);
  });

  it('finds the gap of a missing number in an older day', async () => {
    const yard = new CameraEntries();
    const first = yard.frame(at('-2:00'));
    const old = yard.gap(at('-90:00'), at('-80:00'));
    yard.sequence = 5;
    const older = yard.gap(at('-100:00'), at('-1:00'), { sequences: [[3, 5]] });
    const directory = captures({
      'yard/2026_11_17': [lineOf(older)],
      'yard/2026_11_18': [lineOf(old)],
      'yard/2026_11_20': [],
      'yard/2026_11_21': [lineOf(first)],
      'yard/2026_11_22': [lineOf(yard.frame(at('08:00')))],
    });
    expect((await readFrom(directory)).report.missing.count).toBe(0);
  });

  it.each([
    ['a camera that reports each minute', 60_000, at('09:02:59'), undefined],
    ['one that has sent nothing for three minutes', 60_000, at('09:03:01'), at('09:00')],
    ['one that reports each ten minutes', 600_000, at('09:29'), undefined],
  ])('says of %s since when it is silent', async (_, everyMs, nowMs, silentSinceMs) => {
    const yard = new CameraEntries();
    const report = yard.report(at('08:00'), at('08:59'), { everyMs });
    const directory = captures({ 'yard/2026_11_22': [lineOf(report)] });
    const read = await readFrom(directory, 'yard', nowMs);
    expect(read.report.silentSinceMs).toBe(silentSinceMs);
  });

  it('never calls a camera silent that does not report', async () => {
    const yard = new CameraEntries();
    const nextYear = at('00:00') + 365 * 86_400_000;
    const alone = captures({ 'yard/2026_11_22': [lineOf(yard.frame(at('08:00')))] });
    expect((await readFrom(alone, 'yard', nextYear)).report.silentSinceMs).toBeUndefined();
    // Its agent was replaced by one of 0.1: frames come, and no report.
    const lines = [yard.report(at('07:00'), at('07:01')), yard.frame(at('08:00'))].map(lineOf);
    const replaced = captures({ 'yard/2026_11_22': lines });
    expect((await readFrom(replaced, 'yard', nextYear)).report.silentSinceMs).toBeUndefined();
  });

  it('follows no link, and says which record cannot be read', async () => {
    const yard = new CameraEntries();
    const elsewhere = captures({ 'yard/2026_11_22': [lineOf(yard.frame(at('08:00')))] });
    const directory = captures({ 'yard/2026_11_21': [], 'door/2026_11_22': [] });
    symlinkSync(join(elsewhere, 'yard/2026_11_22'), join(directory, 'yard/2026_11_22'));
    symlinkSync(join(elsewhere, 'yard'), join(directory, 'gate'));
    const { names, report } = await readFrom(directory);
    expect(names).toEqual(['door', 'yard']);
    expect(report.frames.count).toBe(0);
    const record = join(directory, 'door/2026_11_22/record.jsonl');
    const linked = captures({ 'door/2026_11_21': [] });
    mkdirSync(join(linked, 'door/2026_11_22'));
    symlinkSync(record, join(linked, 'door/2026_11_22/record.jsonl'));
    const { problems } = (await readFrom(linked, 'door')).report;
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('2026_11_22');
  });

  it('of a record that was copied from another camera has none of its entries', async () => {
    const yard = new CameraEntries();
    const line = lineOf(yard.frame(at('08:00'), { camera: 'door' }));
    const directory = captures({ 'yard/2026_11_22': [line] });
    expect((await readFrom(directory)).report.frames.count).toBe(0);
  });

  it('of a directory that is missing is an error', async () => {
    const missing = join(temporaryDirectory(), 'none');
    await expect(openCaptures(missing)).rejects.toMatchObject({ code: 'STORE' });
  });

  it('without a record is no quiet one: its frames are there', async () => {
    const directory = captures({ 'yard/2026_11_21': [] });
    const day = join(directory, 'yard/2026_11_22');
    mkdirSync(day);
    writeFileSync(join(day, '2026_11_22_07_30_15_001+0000.jpg'), 'a frame');
    const folder = await openCaptures(directory);
    onTestFinished(() => folder.close());
    const wish = { range: dayRange, nowMs: at('20:00'), utcOffsetMinutes: 0 };
    const { problems } = await readCamera(folder, 'yard', wish);
    expect(problems).toEqual(['there is no record of 2026_11_22: receiver reindex writes it']);
  });
});
