/** Draws the time line: a row for each camera, the axis below, and the moment across. */
import type { TimelineAnswer } from '../api-types.js';
import { type Band, bandsOf, barsOf } from './marks.js';
import type { Colors } from './theme.js';
import { type Tick, type View, ticksOf, toPx } from './time-scale.js';
import { type Zone, dayOf, dayText, timeText } from './zone.js';

export interface Row {
  readonly camera: string;
  readonly answers: readonly TimelineAnswer[];
  readonly top: number;
  readonly height: number;
  readonly isChosen: boolean;
}

export interface Scene {
  readonly view: View;
  readonly width: number;
  readonly height: number;
  readonly rows: readonly Row[];
  readonly zone: Zone;
  readonly at: number;
  readonly now: number;
  readonly hover: number | undefined;
  readonly colors: Colors;
  readonly hasNames: boolean;
}

export const axisHeight = 26;

export function drawTimeline(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height, rows, view, colors } = scene;
  context.clearRect(0, 0, width, height);
  context.font = '11px system-ui, sans-serif';
  const ticks = ticksOf(view, width, scene.zone);
  const rowsBottom = height - axisHeight;
  for (const { at, isMidnight } of ticks) {
    context.fillStyle = isMidnight ? colors.faint : colors.line;
    context.fillRect(Math.round(toPx(view, width, at)), 0, 1, rowsBottom + 4);
  }
  for (const row of rows) drawRow(context, scene, row);
  drawAxis(context, scene, ticks);
  const nowX = toPx(view, width, scene.now);
  if (nowX < width) {
    // What has not happened yet.
    context.fillStyle = colors.row;
    context.globalAlpha = 0.55;
    context.fillRect(Math.max(0, nowX), 0, width - Math.max(0, nowX), rowsBottom);
    context.globalAlpha = 1;
  }
  if (scene.hover !== undefined) {
    context.fillStyle = colors.faint;
    context.fillRect(Math.round(toPx(view, width, scene.hover)), 0, 1, rowsBottom);
  }
  drawMoment(context, scene, rowsBottom);
}

function drawRow(context: CanvasRenderingContext2D, scene: Scene, row: Row): void {
  const { view, width, colors } = scene;
  const { top, height, answers } = row;
  context.save();
  context.beginPath();
  context.rect(0, top, width, height);
  context.clip();
  for (const answer of answers) {
    const fromPx = Math.floor(toPx(view, width, answer.from));
    const toX = Math.ceil(toPx(view, width, answer.to));
    context.clearRect(fromPx, top, toX - fromPx, height);
    for (const band of bandsOf(answer, view, width)) drawBand(context, colors, row, band);
    const base = top + height - 4;
    for (const bar of barsOf(answer, view, width)) {
      const barHeight = Math.max(2, Math.round(bar.height * (height - 10)));
      context.fillStyle = bar.isChange ? colors.change : colors.frame;
      context.fillRect(bar.x, base - barHeight, bar.width, barHeight);
    }
  }
  context.restore();
  if (!scene.hasNames) return;
  context.font = `${row.isChosen ? '600 ' : ''}11px system-ui, sans-serif`;
  const nameWidth = context.measureText(row.camera).width;
  context.fillStyle = colors.ground;
  context.globalAlpha = 0.8;
  context.fillRect(4, top + 2, nameWidth + 8, 15);
  context.globalAlpha = 1;
  context.fillStyle = row.isChosen ? colors.accent : colors.ink;
  context.fillText(row.camera, 8, top + 13);
  context.font = '11px system-ui, sans-serif';
}

/** Each state has a shape of its own, besides its colour. */
function drawBand(context: CanvasRenderingContext2D, colors: Colors, row: Row, band: Band): void {
  const { x, width } = band;
  const { top, height } = row;
  const { state } = band.state;
  if (state === 'before') return;
  if (state === 'quiet' || state === 'changed') {
    // Watched: a calm ground with a line at its foot.
    context.globalAlpha = 0.16;
    context.fillStyle = colors.quiet;
    context.fillRect(x, top + 2, width, height - 4);
    context.globalAlpha = 1;
    context.fillRect(x, top + height - 4, width, 2);
    return;
  }
  const isGap = state === 'not-watched';
  if (width < 12) {
    // Too narrow for a pattern: one is filled, the other is hollow.
    context.fillStyle = isGap ? colors['gap-ink'] : colors.ground;
    context.fillRect(x, top + 1, width, height - 2);
    context.strokeStyle = colors['unknown-ink'];
    context.lineWidth = 1.5;
    if (!isGap) context.strokeRect(x + 0.75, top + 2, width - 1.5, height - 4);
    return;
  }
  context.save();
  context.beginPath();
  context.rect(x, top + 2, width, height - 4);
  context.clip();
  context.fillStyle = isGap ? colors.gap : colors.unknown;
  context.fillRect(x, top + 2, width, height - 4);
  context.strokeStyle = colors['gap-ink'];
  context.fillStyle = colors['unknown-ink'];
  if (isGap) hatch(context, x, top, width, height);
  else dots(context, x, top, width, height);
  context.restore();
  const middle = { x: x + width / 2, y: top + height / 2 };
  if (width < 26 || height < 22) return;
  context.fillStyle = colors.ground;
  context.beginPath();
  context.arc(middle.x, middle.y, 10, 0, 2 * Math.PI);
  context.fill();
  if (isGap) cameraOff(context, colors['gap-ink'], middle);
  else question(context, colors['unknown-ink'], middle);
}

type Point = { readonly x: number; readonly y: number };

function hatch(c: CanvasRenderingContext2D, x: number, top: number, width: number, height: number) {
  c.lineWidth = 2;
  c.beginPath();
  // From fixed places, so that it does not crawl while the view moves by less than a stripe.
  for (let at = Math.floor((x - height) / 7) * 7; at < x + width; at += 7) {
    c.moveTo(at, top + height);
    c.lineTo(at + height, top);
  }
  c.stroke();
}

function dots(c: CanvasRenderingContext2D, x: number, top: number, width: number, height: number) {
  for (let at = Math.floor(x / 9) * 9; at < x + width; at += 9) {
    for (let y = top + 6; y < top + height - 3; y += 9) c.fillRect(at + 2, y, 2, 2);
  }
}

/** A camera, struck through. */
function cameraOff(context: CanvasRenderingContext2D, color: string, { x, y }: Point): void {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.strokeRect(x - 6, y - 3.5, 8, 7);
  context.beginPath();
  context.moveTo(x + 2, y - 1);
  context.lineTo(x + 6, y - 3.5);
  context.lineTo(x + 6, y + 3.5);
  context.lineTo(x + 2, y + 1);
  context.moveTo(x - 7, y + 7);
  context.lineTo(x + 7, y - 7);
  context.stroke();
}

function question(context: CanvasRenderingContext2D, color: string, { x, y }: Point): void {
  context.fillStyle = color;
  context.font = '700 13px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillText('?', x, y + 4.5);
  context.textAlign = 'start';
  context.font = '11px system-ui, sans-serif';
}

function drawAxis(context: CanvasRenderingContext2D, scene: Scene, ticks: readonly Tick[]): void {
  const { height, width, view, zone, colors } = scene;
  const baseline = height - 9;
  context.textAlign = 'center';
  for (const { at, step, isMidnight } of ticks) {
    const isDay = step >= 86_400_000 || (isMidnight && step >= 60_000);
    const precision = step < 1000 ? 'ms' : step < 60_000 ? 's' : 'min';
    const text = isDay ? dayText(dayOf(at, zone), 'short') : timeText(at, zone, precision);
    const half = context.measureText(text).width / 2 + 2;
    const x = Math.min(width - half, Math.max(half, toPx(view, width, at)));
    context.fillStyle = isDay ? colors.ink : colors.faint;
    context.fillText(text, x, baseline);
  }
  context.textAlign = 'start';
}

function drawMoment(context: CanvasRenderingContext2D, scene: Scene, bottom: number): void {
  const { view, width, colors } = scene;
  const x = Math.round(toPx(view, width, scene.at));
  if (x < -8 || x > width + 8) return;
  context.fillStyle = colors.ground;
  context.fillRect(x - 2, 0, 5, bottom + 2);
  context.fillStyle = colors.accent;
  context.fillRect(x - 1, 0, 3, bottom + 2);
  context.beginPath();
  context.moveTo(x - 6, bottom + 8);
  context.lineTo(x + 0.5, bottom);
  context.lineTo(x + 7, bottom + 8);
  context.fill();
}
