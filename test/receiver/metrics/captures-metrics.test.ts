/** The metrics of a captures directory, and the page, the rules and the dashboard that use them. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CapturesMetrics } from '../../../receiver/metrics/captures-metrics.js';
import { FakeClock } from '../../support/fake-clock.js';
import { checkGenerated, markdownTable } from '../../support/generated-docs.js';
import { root } from '../../support/programs.js';
import { checkMetrics, promtool, samplesOf, whyNoPromtool } from '../../support/promtool.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { dayMs, firstMs, frameAt, makeStore, putAll } from '../archive/retention/given-store.js';

const why = whyNoPromtool();
const nowMs = firstMs + 2 * dayMs;

/** A store of two days, whose camera reports too. */
async function stage() {
  const { directory, store } = await makeStore();
  await putAll(store, [frameAt(firstMs), frameAt(firstMs + dayMs), frameAt(nowMs - 5000)]);
  await store.recordReport({
    ...{ camera: 'yard', id: { epoch: 'a'.repeat(32), sequence: 1 }, utcOffsetMinutes: 0 },
    ...{ receivedAtMs: nowMs, capturedAtMs: nowMs - 1, clockErrorMs: undefined },
    evidence: { signed: undefined, flaw: undefined },
    report: {
      ...{ type: 'report', fromMs: nowMs - 60_000, toMs: nowMs, utcOffsetMinutes: 0 },
      ...{ state: 'watching', compared: 60, changed: 0, skipped: 0, waiting: 3, dropped: 0 },
      oldestWaitingMs: nowMs - 7000,
      everyMs: 60_000,
    },
  });
  const clock = new FakeClock(nowMs);
  const metrics = new CapturesMetrics(directory, clock);
  return { directory, store, clock, metrics };
}

describe('the metrics of captures', () => {
  it('say what is stored, and count from the first look on', async () => {
    const { metrics, store, clock } = await stage();
    const first = samplesOf(await metrics.text());
    expect(first.get('picchanged_captures_readable')).toBe(1);
    expect(first.get('picchanged_stored_frames')).toBe(3);
    expect(first.get('picchanged_frames_total{camera="yard"}')).toBe(0);
    expect(first.get('picchanged_camera_spool_frames{camera="yard"}')).toBe(3);
    expect(first.get('picchanged_camera_state{camera="yard",state="watching"}')).toBe(1);
    expect(first.get('picchanged_disk_free_bytes')).toBeGreaterThan(0);
    expect(first.get('picchanged_disk_time_to_full_seconds')).toBeGreaterThan(0);
    // Also in a day that is new.
    await putAll(store, [
      frameAt(nowMs),
      frameAt(nowMs + dayMs),
      frameAt(nowMs, { camera: 'new' }),
    ]);
    await clock.advance(1000);
    const second = samplesOf(await metrics.text());
    expect(second.get('picchanged_stored_frames')).toBe(6);
    expect(second.get('picchanged_frames_total{camera="yard"}')).toBe(2);
    expect(second.get('picchanged_frames_total{camera="new"}')).toBe(1);
    const [before, after] = [first, second].map((each) =>
      each.get('picchanged_stored_bytes{camera="yard"}'),
    );
    expect(after).toBeGreaterThan(before ?? Infinity);
  });

  it('are one answer for scrapers at the same time', async () => {
    const { metrics } = await stage();
    const [one, other] = await Promise.all([metrics.text(), metrics.text()]);
    expect(one).toBe(other);
  });

  it('say that the captures cannot be read, until they can be', async () => {
    const { metrics, directory } = await stage();
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory);
    // An empty mount point.
    const away = samplesOf(await metrics.text());
    expect(away.get('picchanged_captures_readable')).toBe(0);
    expect(away.has('picchanged_stored_frames')).toBe(false);
    renameSync(directory, `${directory}-empty`);
    expect(samplesOf(await metrics.text()).get('picchanged_captures_readable')).toBe(0);
    renameSync(`${directory}-away`, directory);
    expect(samplesOf(await metrics.text()).get('picchanged_captures_readable')).toBe(1);
  });

  it.skipIf(why !== undefined)(`pass promtool check metrics ${why ?? ''}`, async () => {
    const { metrics } = await stage();
    expect(checkMetrics(await metrics.text())).toBe('');
  });
});

/** Names, types and explanations of all metrics. */
async function kinds() {
  const { metrics } = await stage();
  const text = await metrics.text();
  return [...text.matchAll(/^# HELP (\S+) (.+)\n# TYPE \S+ (\S+)\n([^{ ]+)(\{[^}]*\})?/gm)].map(
    ([, name = '', help = '', type = '', , labels = '']) => ({
      ...{ name, help, type },
      labels: [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label),
    }),
  );
}

describe('docs/metrics.md', () => {
  it('lists the metrics as they are', async () => {
    const rows = (await kinds()).map(({ name, type, labels, help }) => [
      ...[`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help],
    ]);
    expect(rows.length).toBeGreaterThan(15);
    const table = markdownTable(['metric', 'type', 'labels', 'what it says'], rows);
    await checkGenerated('docs/metrics.md', 'metrics', table);
  });
});

describe('the alert rules and the dashboard', () => {
  const rules = `${root}docs/metrics/rules.yml`;
  const dashboard = `${root}docs/metrics/grafana-dashboard.json`;

  it('use metrics that there are', async () => {
    const names = new Set((await kinds()).map(({ name }) => name));
    for (const path of [rules, dashboard]) {
      const used = readFileSync(path, 'utf8').match(/picchanged_[a-z_]+/g) ?? [];
      expect(used.length).toBeGreaterThan(5);
      expect(used.filter((name) => !names.has(name))).toEqual([]);
    }
  });

  it.skipIf(why !== undefined)(`are taken by Prometheus, and fire ${why ?? ''}`, () => {
    expect(promtool(['check', 'rules', rules])).toBe('');
    const silent = 'picchanged_camera_state{instance="nas",camera="yard",state="silent"}';
    const lost =
      'picchanged_camera_dropped_frames_total{instance="nas",camera="yard",reason="size"}';
    const tests = {
      rule_files: [rules],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: [
            { series: 'picchanged_build_info{instance="nas"}', values: '1x20' },
            { series: silent, values: '0x9 1x10' },
            { series: lost, values: '0x9 5x10' },
            { series: 'picchanged_disk_free_bytes{instance="nas"}', values: '9x9 1x10' },
            { series: 'picchanged_disk_size_bytes{instance="nas"}', values: '100x20' },
          ],
          alert_rule_test: [
            ...['Silent', 'Failing'].map((name) => alert(`Camera${name}`, '5m')),
            alert('DiskNearlyFull', '5m'),
            alert('MetricsMissing', '15m'),
            alert('CameraSilent', '15m', { camera: 'yard', instance: 'nas', state: 'silent' }),
            alert('FramesLost', '15m', { camera: 'yard', instance: 'nas' }),
            alert('DiskNearlyFull', '16m', { instance: 'nas' }),
          ],
        },
        {
          interval: '1m',
          input_series: [],
          alert_rule_test: [alert('MetricsMissing', '9m', {})],
        },
      ],
    };
    const path = join(temporaryDirectory(), 'tests.yml');
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(tests));
    expect(promtool(['test', 'rules', path])).toBe('');
  });
});

const texts: Readonly<Record<string, readonly [summary: string, description: string]>> = {
  CameraSilent: [
    'Nothing arrives from yard.',
    'It has missed three of its reports. `sudo agent status` at the camera says why.',
  ],
  FramesLost: [
    'yard has dropped 5 frames in 15 minutes.',
    'A limit of its spool dropped them before the receiver had them.',
  ],
  DiskNearlyFull: [
    'The disk of the captures on nas has 1% free.',
    'When it is full, the receiver refuses frames, and they wait at the cameras.',
  ],
  MetricsMissing: [
    'Nothing serves the metrics of the cameras.',
    'The viewer, or the receiver with --metrics, does not run or cannot be reached.',
  ],
};

/** @param labels of the alert that fires then; undefined: none does */
function alert(name: string, at: string, labels?: Readonly<Record<string, string>>) {
  const [summary, description] = texts[name] ?? [];
  const fires = { exp_labels: { severity: 'critical', ...labels } };
  return {
    ...{ eval_time: at, alertname: `Picchanged${name}` },
    exp_alerts:
      labels === undefined ? [] : [{ ...fires, exp_annotations: { summary, description } }],
  };
}
