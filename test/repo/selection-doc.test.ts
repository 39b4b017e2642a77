/** The picture in docs/detection.md, drawn from what the recorder really does. `UPDATE=1` rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  type Decided,
  EventRecorder,
  type RecorderSettings,
} from '../../agent/events/event-recorder.js';
import type { Reason } from '../../shared/protocol/messages.js';
import { detectionOf, noonMs, settingsOf } from '../agent/events/detections.js';

const path = new URL('../../docs/selection.svg', import.meta.url);

/** A visit, something short, and a light that is switched; a frame a second. */
const seen = 'fqqqqqccqccqqqqqqqqcqqqqqqqsqqq';
const rows: readonly (readonly [flags: string, settings: Partial<RecorderSettings>])[] = [
  ['--before 0', {}],
  ['(as it comes)', { before: 1 }],
  ['--before 3', { before: 3 }],
  ['--after 2', { before: 1, after: 2 }],
  ['--min-duration 2s', { before: 1, minDurationMs: 2000 }],
  ['--keep-every 4s', { before: 1, keepEveryMs: 4000 }],
];
const colours: Readonly<Record<Reason, string>> = {
  first: '#5b7083',
  change: '#c8322b',
  scene: '#8a3fa8',
  before: '#d98a1e',
  after: '#2f8f4e',
  'keep-every': '#3b78c4',
  all: '#000000',
};
const shown: Readonly<Record<string, string>> = { f: '', q: '', c: '●', s: '☀' };

const [left, pitch, side, rowHeight] = [150, 24, 20, 44];
const width = left + pitch * seen.length + 10;

function decideAll(settings: Partial<RecorderSettings>): Decided<number>[] {
  const recorder = new EventRecorder<number>(settingsOf({ eventGapMs: 4000, ...settings }));
  const decided = Array.from(seen).flatMap((letter, index) =>
    recorder.push(index, noonMs + 1000 * index, detectionOf(letter)),
  );
  return [...decided, ...recorder.finish()];
}

const text = (x: number, y: number, size: number, words: string): string =>
  `<text x="${x}" y="${y}" font-size="${size}">${words}</text>`;

/** A row of frames; those of one event are underlined together. */
function drawRow(y: number, flags: string, decided: readonly Decided<number>[]): string[] {
  const parts = [text(8, y + 15, 13, flags)];
  const spans = new Map<string, { from: number; to: number }>();
  decided.forEach(({ verdict }, index) => {
    const x = left + pitch * index;
    const fill = verdict.reason === undefined ? '#ffffff' : colours[verdict.reason];
    const box = `width="${side}" height="${side}" rx="3" fill="${fill}" stroke="#9aa5ae"`;
    parts.push(`<rect x="${x}" y="${y}" ${box}/>`);
    if (verdict.event === undefined) return;
    const from = spans.get(verdict.event)?.from ?? x;
    spans.set(verdict.event, { from, to: x + side });
  });
  for (const { from, to } of spans.values()) {
    parts.push(`<path d="M${from} ${y + 27}H${to}" stroke="#222222" stroke-width="3"/>`);
  }
  return parts;
}

function draw(): string {
  const height = 40 + rowHeight * rows.length + 44;
  const parts = [text(8, 25, 13, 'in view')];
  Array.from(seen).forEach((letter, index) => {
    parts.push(text(left + pitch * index + 4, 26, 15, shown[letter] ?? ''));
  });
  rows.forEach(([flags, settings], row) => {
    parts.push(...drawRow(44 + rowHeight * row, flags, decideAll(settings)));
  });
  const legendY = 44 + rowHeight * rows.length + 6;
  Object.entries(colours)
    .filter(([reason]) => reason !== 'all')
    .forEach(([reason, colour], index) => {
      const x = left + 118 * index;
      parts.push(`<rect x="${x}" y="${legendY}" width="14" height="14" rx="3" fill="${colour}"/>`);
      parts.push(text(x + 20, legendY + 12, 13, reason));
    });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts.filter((part) => !part.includes('></text>')),
    '</svg>\n',
  ].join('\n');
}

it('the picture of the selection shows what it does', () => {
  if (process.env.UPDATE) writeFileSync(path, draw());
  expect(readFileSync(path, 'utf8')).toBe(draw());
});
