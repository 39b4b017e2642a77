/** The picture of the selected frame, with the cells and boxes of the detector, the mask, and where changes were. */
import type { PageGrid, PagePicture, Runs } from '../html/page-data.js';
import { make, prepare, readColours, tick } from './elements.js';
import type { Sequence } from './sequence.js';

const maxHeightShare = 0.6;
/** Transparency of tints. */
const tintAlpha = 0.45;
const hatchPx = 7;

export class Stage {
  readonly element: HTMLElement;
  readonly #canvas = make('canvas', { role: 'img' });
  readonly #note = make('p', { class: 'note' });
  readonly #frame = make('div', { class: 'frame' }, this.#canvas);
  #layers = { cells: true, boxes: true, mask: true, changes: false };
  #sequence: Sequence | undefined;
  #selected = 0;
  #image: { readonly picture: PagePicture; readonly element: HTMLImageElement } | undefined;

  constructor() {
    const layer = (key: keyof Stage['layers'], text: string) =>
      tick(text, this.#layers[key], (isTicked) => {
        this.#layers = { ...this.#layers, [key]: isTicked };
        this.draw();
      });
    this.element = make(
      'section',
      { class: 'stage', 'aria-label': 'Picture' },
      this.#frame,
      make(
        'div',
        { class: 'layers' },
        layer('cells', 'cells that differ'),
        layer('boxes', 'boxes'),
        layer('mask', 'mask'),
        layer('changes', 'where changes were, in all frames'),
      ),
      make(
        'p',
        { class: 'legend' },
        make('span', { class: 'key change' }, 'large and strong enough'),
        make('span', { class: 'key near' }, 'too small or too faint'),
        make('span', { class: 'key lit' }, 'light'),
      ),
      this.#note,
    );
    new ResizeObserver(() => this.draw()).observe(this.#frame);
  }

  get layers() {
    return this.#layers;
  }

  show(sequence: Sequence, selected: number): void {
    this.#sequence = sequence;
    this.#selected = selected;
    const picture = sequence.pictureFor(selected);
    if (picture !== undefined && picture !== this.#image?.picture) {
      const element = make('img', { src: `data:image/jpeg;base64,${picture.jpeg}` });
      this.#image = { picture, element };
      element.addEventListener('load', () => this.draw());
    }
    if (picture === undefined) this.#image = undefined;
    this.#note.textContent = this.#describe(picture);
    this.#canvas.setAttribute('aria-label', `Frame ${selected + 1}`);
    this.draw();
  }

  draw(): void {
    const sequence = this.#sequence;
    const grid = sequence?.gridOf(this.#selected);
    if (sequence === undefined || grid === undefined) return;
    const ratio = grid.frameHeightPx / grid.frameWidthPx;
    const widthPx = Math.min(this.#frame.clientWidth, (innerHeight * maxHeightShare) / ratio);
    const heightPx = widthPx * ratio;
    this.#canvas.style.width = `${widthPx}px`;
    this.#canvas.style.height = `${heightPx}px`;
    const context = prepare(this.#canvas, widthPx, heightPx);
    if (context === undefined) return;
    context.fillStyle = readColours().lane;
    context.fillRect(0, 0, widthPx, heightPx);
    const image = this.#image;
    const isOwn = image?.picture.frame === this.#selected;
    if (image?.element.complete && image.element.naturalWidth > 0) {
      context.globalAlpha = isOwn ? 1 : 0.35;
      context.drawImage(image.element, 0, 0, widthPx, heightPx);
      context.globalAlpha = 1;
    }
    // Cells are cut by the frame's edge: the scale is that of the frame, not of the grid.
    const scale = widthPx / grid.frameWidthPx;
    const layers = this.#layers;
    if (layers.mask) hatch(context, grid, scale);
    if (layers.changes) drawChanges(context, grid, scale);
    if (layers.cells && isOwn) drawCells(context, grid, scale, image.picture.cells);
    if (layers.boxes) drawBoxes(context, scale, sequence.data.frames.boxes[this.#selected] ?? []);
  }

  #describe(picture: PagePicture | undefined): string {
    if (picture === undefined) return 'The page has no picture of this frame.';
    if (picture.frame === this.#selected) return '';
    const { quietStep } = this.#sequence?.data ?? { quietStep: 1 };
    const rule = quietStep > 1 ? ` Of quiet frames it has one in ${quietStep}.` : '';
    return `The page has no picture of frame ${this.#selected + 1}; it shows frame ${picture.frame + 1}, pale.${rule}`;
  }
}

function eachCell(
  runs: Runs,
  grid: PageGrid,
  paint: (x: number, y: number, width: number, label: number) => void,
): void {
  for (let at = 0; at + 2 < runs.length; at += 3) {
    let [start = 0, length = 0] = [runs[at], runs[at + 1]];
    while (length > 0) {
      const x = start % grid.columns;
      const inRow = Math.min(length, grid.columns - x);
      paint(x, (start - x) / grid.columns, inRow, runs[at + 2] ?? 0);
      start += inRow;
      length -= inRow;
    }
  }
}

function drawCells(
  context: CanvasRenderingContext2D,
  grid: PageGrid,
  scale: number,
  runs: Runs,
): void {
  const side = grid.cellPx * scale;
  const { near, change, lit } = readColours();
  const byLabel = [near, near, change, lit];
  context.globalAlpha = tintAlpha;
  eachCell(runs, grid, (x, y, width, label) => {
    context.fillStyle = byLabel[label] ?? near;
    // Whole pixels: seams between cells would make stripes.
    const [left, top] = [Math.round(x * side), Math.round(y * side)];
    const [right, bottom] = [Math.round((x + width) * side), Math.round((y + 1) * side)];
    context.fillRect(left, top, right - left, bottom - top);
  });
  context.globalAlpha = 1;
}

function hatch(context: CanvasRenderingContext2D, grid: PageGrid, scale: number): void {
  const side = grid.cellPx * scale;
  context.save();
  context.beginPath();
  eachCell(grid.excluded, grid, (x, y, width) =>
    context.rect(x * side, y * side, width * side, side),
  );
  context.clip();
  const [width, height] = [grid.frameWidthPx * scale, grid.frameHeightPx * scale];
  context.fillStyle = 'rgb(0 0 0 / 0.45)';
  context.fillRect(0, 0, width, height);
  context.strokeStyle = 'rgb(255 255 255 / 0.35)';
  context.beginPath();
  for (let x = -height; x < width; x += hatchPx) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

function drawChanges(context: CanvasRenderingContext2D, grid: PageGrid, scale: number): void {
  const side = grid.cellPx * scale;
  const shares = Uint8Array.from(atob(grid.changes), (letter) => letter.charCodeAt(0));
  context.fillStyle = readColours().change;
  shares.forEach((share, cell) => {
    if (share === 0) return;
    const x = cell % grid.columns;
    context.globalAlpha = 0.15 + 0.65 * (share / 255);
    context.fillRect(x * side, ((cell - x) / grid.columns) * side, side, side);
  });
  context.globalAlpha = 1;
}

function drawBoxes(
  context: CanvasRenderingContext2D,
  scale: number,
  boxes: readonly (readonly number[])[],
): void {
  for (const [left = 0, top = 0, width = 0, height = 0] of boxes) {
    const box = [left * scale, top * scale, width * scale, height * scale] as const;
    // A dark line around the bright one: visible on snow and at night.
    context.strokeStyle = 'rgb(0 0 0 / 0.7)';
    context.lineWidth = 4;
    context.strokeRect(...box);
    context.strokeStyle = '#5cff5c';
    context.lineWidth = 2;
    context.strokeRect(...box);
  }
  context.lineWidth = 1;
}
