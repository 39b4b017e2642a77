/** The time line on its canvas: follows the state, fingers, mouse and wheel. */
import { effect, signal } from '@preact/signals-core';
import { snap } from './marks.js';
import * as state from './state.js';
import { colors } from './theme.js';
import { type Row, axisHeight, drawTimeline } from './timeline-draw.js';
import { panBy, pinch, spanOf, toTime, zoomAbout } from './time-scale.js';
import { chooseCamera, events, jump, scrub, timelines } from './viewer.js';

const [oneRow, chosenRow, otherRow] = [58, 44, 20];
const maxRows = 8;
/** So often it is drawn for the sake of the present moment. */
const tickMs = 5000;

/** Under the pointer: a moment, and its place. */
export interface Hover {
  readonly at: number;
  readonly x: number;
}
export const hover = signal<Hover | undefined>(undefined);

/** Cameras of the rows: the chosen one is always among them. */
function rowNames(): string[] {
  const names = (state.cameras.value ?? []).map(({ camera }) => camera);
  const shown = names.slice(0, maxRows);
  const chosen = state.camera.value;
  if (chosen !== undefined && !shown.includes(chosen)) shown[shown.length - 1] = chosen;
  return shown;
}

const heightOfRow = (name: string, count: number): number =>
  count === 1 ? oneRow : name === state.camera.value ? chosenRow : otherRow;

export function timelineHeight(): number {
  const names = rowNames();
  return names.reduce((sum, name) => sum + heightOfRow(name, names.length) + 2, axisHeight);
}

export class TimelineView {
  readonly #canvas: HTMLCanvasElement;
  readonly #ending = new AbortController();
  readonly #fingers = new Map<number, number>();
  readonly #ends: (() => void)[];
  #dragsAxis = false;
  #drawing = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const observer = new ResizeObserver(() => this.#schedule());
    observer.observe(canvas);
    const ticking = setInterval(() => this.#schedule(), tickMs);
    this.#ends = [
      () => observer.disconnect(),
      () => clearInterval(ticking),
      effect(() => {
        const { at, zone, view } = state;
        state.follow(timelines.changes, at, zone, view, colors, hover);
        canvas.style.height = `${timelineHeight()}px`;
        this.#schedule();
      }),
    ];
    this.#listen();
  }

  close(): void {
    this.#ending.abort();
    cancelAnimationFrame(this.#drawing);
    for (const end of this.#ends) end();
  }

  #schedule(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  #rows(): Row[] {
    const names = rowNames();
    let top = 0;
    return names.map((camera) => {
      const height = heightOfRow(camera, names.length);
      const row = { camera, answers: timelines.of(camera, state.view.value), top, height };
      top += height + 2;
      return { ...row, isChosen: camera === state.camera.value };
    });
  }

  #draw(): void {
    const canvas = this.#canvas;
    const ratio = globalThis.devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    if (context === null || width === 0) return;
    const { view, at, zone } = state;
    timelines.want(rowNames(), view.value, width);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const rows = this.#rows();
    drawTimeline(context, {
      ...{ view: view.value, width, height, rows, zone: zone.value, at: at.value },
      ...{ now: state.now(), hover: hover.value?.at, colors: colors.value },
      hasNames: rows.length > 1,
    });
  }

  #listen(): void {
    const canvas = this.#canvas;
    const { signal: ended } = this.#ending;
    canvas.addEventListener('wheel', (event) => this.#wheel(event), {
      passive: false,
      signal: ended,
    });
    canvas.addEventListener('pointerdown', (event) => this.#down(event), { signal: ended });
    canvas.addEventListener('pointermove', (event) => this.#move(event), { signal: ended });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(name, (event) => this.#up(event), { signal: ended });
    }
    canvas.addEventListener('pointerleave', () => (hover.value = undefined), { signal: ended });
  }

  #x({ clientX }: MouseEvent): number {
    return clientX - this.#canvas.getBoundingClientRect().left;
  }

  #timeAt(x: number): number {
    return toTime(state.view.value, this.#canvas.clientWidth, x);
  }

  /** The moment under the pointer; near an event that of its best frame. */
  #snapped(x: number): number {
    const at = this.#timeAt(x);
    const name = state.camera.value;
    if (name === undefined) return at;
    return snap(events.around(name, at), at, state.view.value, this.#canvas.clientWidth);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const [dx, dy] = [event.deltaX * lines, event.deltaY * lines];
    const sideways = event.shiftKey && dx === 0 ? dy : dx;
    const { view } = state;
    if (Math.abs(sideways) > Math.abs(dy) || event.shiftKey) {
      view.value = panBy(view.value, (sideways / this.#canvas.clientWidth) * spanOf(view.value));
    } else {
      view.value = zoomAbout(view.value, this.#timeAt(this.#x(event)), Math.exp(dy * 0.0022));
    }
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    const x = this.#x(event);
    this.#fingers.set(event.pointerId, x);
    if (this.#fingers.size > 1) {
      state.isScrubbing.value = false;
      return;
    }
    const y = event.clientY - this.#canvas.getBoundingClientRect().top;
    this.#dragsAxis = y > this.#canvas.clientHeight - axisHeight;
    this.#canvas.classList.toggle('grabbed', this.#dragsAxis);
    if (this.#dragsAxis) return;
    const row = this.#rows().find(({ top, height }) => y >= top && y < top + height + 2);
    if (row !== undefined && !row.isChosen) chooseCamera(row.camera);
    jump(this.#snapped(x));
  }

  #move(event: PointerEvent): void {
    const x = this.#x(event);
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType !== 'touch') hover.value = { at: this.#snapped(x), x };
      return;
    }
    const width = this.#canvas.clientWidth;
    const { view } = state;
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.#fingers.set(event.pointerId, x);
    if (other !== undefined) view.value = pinch(view.value, width, [before, other], [x, other]);
    else if (this.#dragsAxis) {
      view.value = panBy(view.value, ((before - x) / width) * spanOf(view.value));
    } else if (state.isScrubbing.value || Math.abs(x - before) > 1) {
      hover.value = undefined;
      state.isScrubbing.value = true;
      // Beyond the edge the view moves along.
      const over = x < 0 ? x : Math.max(0, x - width);
      if (over !== 0) view.value = panBy(view.value, (over / width) * 0.2 * spanOf(view.value));
      scrub(this.#snapped(Math.min(width, Math.max(0, x))));
    }
  }

  #up(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    if (this.#fingers.size > 0) return;
    state.isScrubbing.value = false;
    this.#canvas.classList.remove('grabbed');
    if (event.pointerType === 'touch') hover.value = undefined;
  }
}
