/**
 * The time line: strength and size of each frame beside what a change needs, the events, and the frames that are sent. A
 * frame has a column, or several frames share one: then the strongest is drawn.
 */
import { peakThreshold } from '../../detect/thresholds.js';
import { type Colours, make, prepare, readColours } from './elements.js';
import type { Look, Sequence } from './sequence.js';

interface Lane {
  readonly top: number;
  readonly height: number;
  readonly title: string;
  readonly values: readonly number[];
  /** Logarithmic; what a change needs. */
  readonly range: readonly [least: number, most: number];
  readonly needed: number;
  readonly neededText: string;
}

const ranks: Readonly<Record<Look, number>> = { quiet: 0, skipped: 1, near: 2, change: 3 };
const strengthRange = [0.1, 50] as const;
const areaRange = [0.0002, 1] as const;
const eventsTop = 208;
const sentTop = 230;
const axisTop = 248;
const heightPx = 258;
const pageStep = 25;
const font = '11px system-ui, sans-serif';

export class Chart {
  readonly element: HTMLElement;
  readonly #canvas = make('canvas');
  readonly #slider: HTMLElement;
  readonly #onSelect: (frame: number) => void;
  #sequence: Sequence | undefined;
  #selected = 0;
  /** Of the sequence at a width: they do not depend on the selected frame. */
  #columns:
    { readonly key: Sequence; readonly widthPx: number; readonly frames: number[] } | undefined;

  constructor(onSelect: (frame: number) => void) {
    this.#onSelect = onSelect;
    this.#slider = make(
      'div',
      { role: 'slider', tabindex: '0', 'aria-label': 'Frame', class: 'slider' },
      this.#canvas,
    );
    this.element = make('section', { class: 'chart', 'aria-label': 'Time line' }, this.#slider);
    this.#slider.addEventListener('pointerdown', (event) => {
      this.#slider.setPointerCapture(event.pointerId);
      this.#point(event);
    });
    this.#slider.addEventListener('pointermove', (event) => {
      if (this.#slider.hasPointerCapture(event.pointerId)) this.#point(event);
    });
    new ResizeObserver(() => this.draw()).observe(this.#slider);
  }

  show(sequence: Sequence, selected: number): void {
    this.#sequence = sequence;
    this.#selected = selected;
    this.#slider.setAttribute('aria-valuemin', '1');
    this.#slider.setAttribute('aria-valuemax', String(sequence.count));
    this.#slider.setAttribute('aria-valuenow', String(selected + 1));
    this.#slider.setAttribute(
      'aria-valuetext',
      `frame ${selected + 1} of ${sequence.count}, ${sequence.timeOf(selected)}`,
    );
    this.draw();
  }

  draw(): void {
    const sequence = this.#sequence;
    const widthPx = this.#slider.clientWidth;
    const context = prepare(this.#canvas, widthPx, heightPx);
    if (sequence === undefined || context === undefined) return;
    const { frames } = sequence.data;
    const neededArea = frames.neededArea.reduce((most, share) => Math.max(most, share), 0);
    context.font = font;
    const columns = this.#columnsAt(sequence, Math.floor(widthPx));
    const colours = readColours();
    const lanes: readonly Lane[] = [
      {
        ...{ top: 4, height: 112, title: 'strength, × threshold' },
        ...{ values: frames.strength, range: strengthRange },
        ...{ needed: peakThreshold, neededText: `needed: ${peakThreshold}` },
      },
      {
        ...{ top: 122, height: 68, title: 'size of the region, % of the watched area' },
        ...{ values: frames.area, range: areaRange },
        ...{
          needed: neededArea,
          neededText: `needed: ${Number((100 * neededArea).toPrecision(2))}`,
        },
      },
    ];
    for (const lane of lanes) drawLane({ context, widthPx, colours }, lane, columns, sequence);
    drawEvents({ context, widthPx, colours }, sequence);
    drawAxis({ context, widthPx, colours }, sequence);
    const x = xOf(this.#selected + 0.5, sequence.count, widthPx);
    context.fillStyle = colours.accent;
    context.fillRect(x - 1, 0, 2, axisTop - 10);
  }

  #columnsAt(sequence: Sequence, widthPx: number): readonly number[] {
    if (this.#columns?.key !== sequence || this.#columns.widthPx !== widthPx) {
      this.#columns = { key: sequence, widthPx, frames: strongestFrames(sequence, widthPx) };
    }
    return this.#columns.frames;
  }

  #point(event: PointerEvent): void {
    const { left, width } = this.#slider.getBoundingClientRect();
    const count = this.#sequence?.count ?? 0;
    const frame = Math.floor(((event.clientX - left) / width) * count);
    this.#onSelect(Math.min(count - 1, Math.max(0, frame)));
  }
}

/** The frame that a key leads to; undefined: the key has no meaning here. */
export function frameForKey(key: string, selected: number, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ...{ ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 },
    ...{ PageUp: pageStep, PageDown: -pageStep, Home: -count, End: count },
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.min(count - 1, Math.max(0, selected + step));
}

/** For each column of the drawing its strongest frame. */
function strongestFrames(sequence: Sequence, width: number): number[] {
  const { count, looks, data } = sequence;
  const columns: number[] = [];
  const rank = (frame: number) => ranks[looks[frame] ?? 'quiet'];
  const strength = (frame: number) => data.frames.strength[frame] ?? 0;
  for (let frame = 0; frame < count; frame++) {
    const column = count <= width ? frame : Math.floor((frame / count) * width);
    const other = columns[column];
    const isStronger =
      other === undefined ||
      rank(frame) > rank(other) ||
      (rank(frame) === rank(other) && strength(frame) > strength(other));
    if (isStronger) columns[column] = frame;
  }
  return columns;
}

interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly widthPx: number;
  readonly colours: Colours;
}

function drawLane(
  surface: Surface,
  { top, height, title, values, range, needed, neededText }: Lane,
  columns: readonly number[],
  { looks }: Sequence,
): void {
  const { context, widthPx, colours } = surface;
  const heightOf = (value: number) => {
    const share = Math.log(value / range[0]) / Math.log(range[1] / range[0]);
    return height * Math.min(1, Math.max(0, share));
  };
  context.fillStyle = colours.lane;
  context.fillRect(0, top, widthPx, height);
  const width = widthPx / columns.length;
  columns.forEach((frame, column) => {
    const barPx = heightOf(values[frame] ?? 0);
    context.fillStyle = colours[looks[frame] ?? 'quiet'];
    const barWidth = Math.max(1, width - (width > 3 ? 1 : 0));
    context.fillRect(column * width, top + height - barPx, barWidth, barPx);
  });
  if (needed > 0) {
    const y = top + height - heightOf(needed);
    context.strokeStyle = colours.ink;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(widthPx, y);
    context.stroke();
    context.setLineDash([]);
    const textWidth = context.measureText(neededText).width;
    label(surface, neededText, Math.max(4, widthPx - textWidth - 6), y - 3);
  }
  label(surface, title, 4, top + 12);
}

function drawEvents(surface: Surface, sequence: Sequence): void {
  const { context, widthPx, colours } = surface;
  context.fillStyle = colours.change;
  for (const [first, last] of sequence.data.events) {
    const left = xOf(first, sequence.count, widthPx);
    const width = Math.max(2, xOf(last + 1, sequence.count, widthPx) - left);
    context.fillRect(left, eventsTop, width, 8);
  }
  context.fillStyle = colours.sent;
  const width = Math.max(1, widthPx / sequence.count - 0.5);
  for (let frame = 0; frame < sequence.count; frame++) {
    if (!sequence.isSent(frame)) continue;
    context.fillRect(xOf(frame, sequence.count, widthPx), sentTop, width, 8);
  }
  label(surface, 'events', 4, eventsTop - 3);
  label(surface, 'sent', 4, sentTop - 3);
}

function drawAxis(surface: Surface, sequence: Sequence): void {
  const { context, widthPx } = surface;
  const marks = Math.max(1, Math.min(sequence.count - 1, Math.floor(widthPx / 190)));
  for (let mark = 0; mark <= marks; mark++) {
    const frame = Math.round((mark / marks) * (sequence.count - 1));
    const text = sequence.timeOf(frame).slice(0, 19);
    const wide = context.measureText(text).width;
    const x = xOf(frame + 0.5, sequence.count, widthPx) - wide / 2;
    label(surface, text, Math.min(widthPx - wide - 4, Math.max(4, x)), axisTop + 6);
  }
}

/** Text with a halo, which is legible on bars too. */
function label({ context, colours }: Surface, text: string, x: number, y: number): void {
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = colours.panel;
  context.strokeText(text, x, y);
  context.lineWidth = 1;
  context.fillStyle = colours.ink;
  context.fillText(text, x, y);
}

function xOf(frame: number, count: number, widthPx: number): number {
  return (frame / Math.max(1, count)) * widthPx;
}
