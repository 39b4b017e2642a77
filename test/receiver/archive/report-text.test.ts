/** The printed report: its line, and its sentences. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CameraDay } from '../../../receiver/archive/camera-day.js';
import type { CameraReport } from '../../../receiver/archive/captures-reader.js';
import type { RecordEntry, RecordLine } from '../../../receiver/archive/record-entry.js';
import { reportJson } from '../../../receiver/archive/report-json.js';
import { lineText, reportText } from '../../../receiver/archive/report-text.js';
import { root } from '../../support/programs.js';
import { CameraEntries, at, dayRange } from './camera-entries.js';

const nowMs = at('36:00');

function reportOf(entries: readonly RecordLine[], changes: Partial<CameraReport> = {}) {
  const day = new CameraDay(dayRange);
  for (const each of entries) day.add(each);
  const result = day.result({ nowMs, utcOffsetMinutes: 0, hasOtherDays: true });
  const others = { skippedLines: 0, problems: [], frameMinutes: day.frameMinutes };
  const arrival = { lastArrivalMs: undefined, silentSinceMs: undefined };
  return { ...result, ...others, ...arrival, camera: 'yard', ...changes };
}

describe('the line of a day', () => {
  it('is quiet only where all of it was watched and quiet', () => {
    const yard = new CameraEntries();
    const entries = [
      yard.report(at('00:00'), at('10:00')),
      yard.frame(at('02:59:59'), { event: 'e' }),
      yard.report(at('10:00'), at('10:01'), { state: 'failing' }),
      yard.report(at('10:01'), at('20:59')),
    ];
    expect(lineText(reportOf(entries), 8)).toBe('#--x--??');
    expect(lineText(reportOf(entries), 48)).toBe(
      `-----#${'-'.repeat(14)}x${'-'.repeat(20)}???????`,
    );
  });

  it('of a camera that does not report shows its frames', () => {
    const yard = new CameraEntries();
    expect(lineText(reportOf([yard.frame(at('12:00'))]), 24)).toBe(
      `${' '.repeat(12)}+${' '.repeat(11)}`,
    );
  });
});

describe('a day of which frames are gone on purpose', () => {
  const summary: RecordLine = {
    ...{ kind: 'summary', camera: 'yard', atMs: nowMs, why: 'deleted', byteCount: 5 },
    ...{ fromMs: at('06:00'), toMs: at('12:00'), frames: 5, gaps: 1, reports: 360 },
    entries: [{ epoch: 'e'.repeat(32), ranges: [[1, 366]] }],
  };
  const names = [`2026_11_22_13_00_00_000+0100.jpg`, `2026_11_23_13_00_00_000+0100.jpg`];
  const deleted: RecordLine = {
    ...{ kind: 'deleted', camera: 'yard', atMs: nowMs, why: 'max-age', byteCount: 2 },
    names,
  };

  it('says which, and does not call its reports missing', () => {
    const yard = new CameraEntries();
    const rest = [
      yard.frame(at('13:00'), { changed: false }),
      yard.report(at('12:00'), at('24:00')),
    ];
    const report = reportOf([summary, deleted, ...rest]);
    expect(lineText(report, 24)).toBe('?'.repeat(12) + '-'.repeat(12));
    const text = reportText(report, 24, nowMs);
    for (const line of [
      '  unknown      06:00:00 to 12:00:00  its reports are deleted',
      '  deleted      1 frame of these',
      '  deleted      06:00:00 to 12:00:00  5 frames, 1 gap, 360 reports, also from the record',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).not.toContain('missing');
  });

  it('that has nothing left still says that the camera reports', () => {
    const report = reportOf([summary]);
    expect(report).toMatchObject({ doesReport: true, missing: { count: 0 } });
    expect(report.stretches).toContainEqual(
      expect.objectContaining({ state: 'unknown', cause: 'removed', fromMs: at('06:00') }),
    );
  });
});

describe('the text of a report', () => {
  it('names silence, the clock, flaws, and what is left out', () => {
    const yard = new CameraEntries();
    const entries: RecordEntry[] = [
      yard.report(at('00:00'), at('08:00'), { steppedMs: -61_000 }),
      yard.frame(at('08:00'), { proof: 'wrong-signature' }),
      yard.report(at('08:00'), at('08:01'), { proof: 'other-key', clockErrorMs: -90_000 }),
    ];
    for (let nth = 0; nth < 30; nth += 1) entries.push(yard.gap(at('07:00') + nth, at('07:01')));
    const problems = ['cannot read the record of 2026_11_22: EIO'];
    const text = reportText(
      reportOf(entries, { silentSinceMs: at('08:02'), skippedLines: 2, problems }),
      48,
      at('20:02'),
    );
    for (const words of [
      'silent       since 08:02:00, 12 h: nothing arrived, and it reports every 60 s',
      "wrong clock  1 min 30 s behind this receiver's",
      'clock step   00:00:00  1 min 1 s back',
      'frames       1, 1 changed, 1.0 kB; 1 wrong-signature, 1 other entries with a flaw',
      'dropped      30 frames in 30 gaps',
      'and 10 more',
      'record       2 lines skipped: unknown or cut off',
      'record       cannot read the record of 2026_11_22: EIO',
    ]) {
      expect(text).toContain(words);
    }
    expect(text.match(/^ {2}gap /gm)).toHaveLength(20);
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(120);
  });

  it('says since when frames wait, unless they are on their way', () => {
    const yard = new CameraEntries();
    const textAt = (waitedMs: number): string => {
      const oldestWaitingMs = at('10:00') - waitedMs;
      const report = yard.report(at('09:00'), at('10:00'), { waiting: 3, oldestWaitingMs });
      return reportText(reportOf([report]), 48, nowMs);
    };
    const words = 'waiting      3 frames at the camera, the oldest of 2026-11-22 09:30:00';
    expect(textAt(30 * 60_000)).toContain(words);
    expect(textAt(60_000)).not.toContain('waiting ');
  });

  it('has no silence, no clock and no state of a camera that does not report', () => {
    const yard = new CameraEntries();
    const text = reportText(reportOf([yard.frame(at('08:00'), { proof: 'unsigned' })]), 48, nowMs);
    expect(text).toContain('does not report: only its frames and gaps are known');
    expect(text).not.toMatch(/silent|clock|unknown|not watched/);
  });

  it('of some days has their dates', () => {
    const yard = new CameraEntries();
    const range = { fromLocalMs: dayRange.fromLocalMs, toLocalMs: dayRange.toLocalMs + 86_400_000 };
    const day = new CameraDay(range);
    day.add(yard.report(at('10:00'), at('11:00'), { state: 'off' }));
    const result = day.result({ nowMs, utcOffsetMinutes: 0, hasOtherDays: true });
    const text = reportText({ ...reportOf([]), ...result }, 48, nowMs);
    expect(text).toContain('yard  2026-11-22 to 2026-11-23  +01:00\n');
    expect(text).toContain('not watched  11-22 10:00:00 to 11-22 11:00:00  no agent ran');
  });
});

describe('the JSON of a report', () => {
  it('has each event as CAMERA/ID, and the keys of docs/reference/report.md', () => {
    const yard = new CameraEntries();
    const entries = [
      yard.report(at('00:00'), at('10:00')),
      yard.frame(at('08:00'), { event: 'e' }),
    ];
    const json = reportJson(reportOf(entries)) as Record<string, unknown>;
    expect(json.events).toMatchObject([{ event: 'yard/e' }]);
    const page = readFileSync(`${root}docs/reference/report.md`, 'utf8');
    const [, table = ''] = page.split('| key of a camera');
    const rows = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
    const documented = rows.flatMap((row) => row.match(/\w+/g) ?? []);
    expect(Object.keys(json).sort()).toEqual(documented.sort());
  });
});
