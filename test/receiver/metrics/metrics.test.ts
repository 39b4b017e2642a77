/** What the records say, as metrics, checked by Prometheus' own tool. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecordLine } from '../../../receiver/archive/record-entry.js';
import { CameraMetrics } from '../../../receiver/metrics/camera-metrics.js';
import { metricsText } from '../../../receiver/metrics/metrics-text.js';
import { checkMetrics, samplesOf, whyNoPromtool } from '../../support/promtool.js';

const startMs = Date.UTC(2026, 10, 27, 12);
const why = whyNoPromtool();

function makeMetrics() {
  const cameras = new CameraMetrics();
  const add = (camera: string, s: number, line: object, isHistory = false): void => {
    const common = { camera, epoch: 'a'.repeat(32), sequence: 1, offset: 0 };
    const entry = readRecordLine(JSON.stringify({ ...common, ...line }));
    if (entry === undefined) throw new Error('not a line of a record');
    cameras.add(camera, entry, isHistory, startMs + s * 1000);
  };
  return {
    add,
    frame: (camera: string, s: number, bytes: number, delayS = 0, isHistory = false): void =>
      add(
        camera,
        s,
        {
          ...{ frame: 1, captured: startMs + (s - delayS) * 1000, sha256: '0'.repeat(64), bytes },
          ...{ reason: 'change', delay: delayS * 1000 },
        },
        isHistory,
      ),
    report: (camera: string, s: number, more: object = {}): void =>
      add(camera, s, {
        ...{ report: 1, from: startMs + s * 1000 - 60_000, to: startMs + s * 1000, delay: 0 },
        ...{ state: 'watching', compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
        ...{ every: 60_000, ...more },
      }),
    text: (s: number): string => metricsText(cameras.metrics(startMs + s * 1000)),
  };
}

describe('the metrics of cameras', () => {
  it('count what arrives, and say how each camera is', () => {
    const { frame, report, add, text } = makeMetrics();
    frame('yard', 0, 5000, 0, true);
    frame('yard', 10, 1000, 3);
    frame('yard', 11, 200, 2);
    report('yard', 60, { waiting: 7, oldest: startMs - 5000, clock: -1000 });
    add('yard', 61, {
      ...{ gap: 1, count: 4, from: startMs, to: startMs + 1000, why: 'size', delay: 0 },
    });
    add('yard', 61, {
      ...{ gap: 1, count: 2, from: startMs, to: startMs + 1000, why: 'newer-word', delay: 0 },
    });
    frame('raw-1', 20, 10);
    const samples = samplesOf(text(90));
    const yard = (name: string, more = '') =>
      samples.get(`picchanged_${name}{camera="yard"${more}}`);
    expect(yard('frames_total')).toBe(2);
    expect(yard('frame_bytes_total')).toBe(1200);
    expect(yard('camera_dropped_frames_total', ',reason="size"')).toBe(4);
    expect(yard('camera_dropped_frames_total', ',reason="other"')).toBe(2);
    expect(yard('camera_spool_frames')).toBe(7);
    expect(yard('camera_spool_oldest_timestamp_seconds')).toBe(startMs / 1000 - 5);
    expect(yard('camera_last_frame_timestamp_seconds')).toBe(startMs / 1000 + 9);
    expect(yard('camera_last_arrival_timestamp_seconds')).toBe(startMs / 1000 + 61);
    // Its clock is a second behind.
    expect(yard('camera_frame_delay_seconds')).toBe(1);
    expect(yard('camera_clock_error_seconds')).toBe(-1);
    expect(yard('camera_state', ',state="watching"')).toBe(1);
    expect(samples.get('picchanged_camera_state{camera="raw-1",state="unknown"}')).toBe(1);
    expect(samples.has('picchanged_camera_spool_frames{camera="raw-1"}')).toBe(false);
    const late = samplesOf(text(242));
    expect(late.get('picchanged_camera_state{camera="yard",state="silent"}')).toBe(1);
    expect(late.get('picchanged_camera_state{camera="yard",state="watching"}')).toBe(0);
    report('yard', 250, { waiting: 1 });
    expect(text(250)).not.toContain('camera_spool_oldest_timestamp_seconds{');
  });

  it('are those of the entries that arrived last, in any order', () => {
    const line = fc.record({ s: fc.integer({ min: 0, max: 999 }), isFrame: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(line, { selector: ({ s }) => s, minLength: 1 }), (all) => {
        const { frame, report, text } = makeMetrics();
        for (const { s, isFrame } of all) {
          if (isFrame) frame('yard', s, 1);
          else report('yard', s, { waiting: s });
        }
        const newest = (isOf: boolean) =>
          Math.max(...all.filter(({ isFrame }) => isFrame === isOf).map(({ s }) => s));
        const samples = samplesOf(text(1000));
        const waiting = samples.get('picchanged_camera_spool_frames{camera="yard"}');
        expect(waiting ?? -Infinity).toBe(newest(false));
        const name = 'picchanged_camera_last_frame_timestamp_seconds{camera="yard"}';
        expect((samples.get(name) ?? -Infinity) - startMs / 1000).toBe(newest(true));
      }),
    );
  });

  it('are of a limited number of cameras', () => {
    const { frame, text } = makeMetrics();
    for (let n = 0; n < 1500; n += 1) frame(`camera-${n}`, n, 1);
    expect(text(1500).match(/^picchanged_frames_total\{/gm)).toHaveLength(1000);
  });

  it.skipIf(why !== undefined)(`pass promtool check metrics ${why ?? ''}`, () => {
    const { frame, report, text } = makeMetrics();
    frame('yard', 0, 1);
    report('yard', 1);
    expect(checkMetrics(text(2))).toBe('');
    // The check can fail.
    expect(checkMetrics(text(2).replaceAll('frames_total', 'frames'))).toContain('_total');
  });
});

describe('the text', () => {
  it.skipIf(why !== undefined)(`can have any label and any number ${why ?? ''}`, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (label, value) => {
        const samples = [{ labels: { way: label }, value }];
        const help = 'Notices that wait.';
        const text = metricsText([{ name: 'notices', help, type: 'gauge', samples }]);
        expect(checkMetrics(text)).toBe('');
      }),
      { numRuns: 20 },
    );
  });

  it('leaves a metric without samples out', () => {
    expect(metricsText([{ name: 'a', help: 'A.', type: 'gauge', samples: [] }])).toBe('');
  });
});
