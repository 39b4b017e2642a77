/** The picture on its stage: a canvas that is drawn only with decoded pictures, so that nothing flashes. */
import { effect } from '@preact/signals-core';
import type { FrameAnswer } from '../api-types.js';
import { ApiError, addressOfApi, wasAborted } from './api.js';
import { BitmapCache } from './bitmap-cache.js';
import type { Film, FilmPicture } from './film.js';
import { stripStep } from './film-tiles.js';
import type { FrameReel } from './frame-reel.js';
import { type Zoom, clampZoom, rectOf, wholePicture } from './picture-fit.js';
import {
  at,
  camera,
  follow,
  frame,
  isPlaying,
  isScrubbing,
  pictureProblem,
  showsBoxes,
  speed,
  view,
} from './state.js';
import { spanOf } from './time-scale.js';

const maxBytes = 128 * 1024 * 1024;
/** A full picture is asked for after so long at one moment. */
const restMs = 120;
const neighbours = 3;
/** Faster playing draws from film strips. */
const filmFromSpeed = 20;

export class PictureView {
  readonly #canvas: HTMLCanvasElement;
  readonly #film: Film;
  readonly #reel: FrameReel;
  readonly #pictures = new BitmapCache({ maxBytes });
  #shown: { readonly picture: FilmPicture; readonly frame: FrameAnswer | undefined } | undefined;
  #wanted: FrameAnswer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #direction: 1 | -1 = 1;
  /** Asked for last. */
  #asked: FrameAnswer | undefined;
  /** In a walk: the address that was asked for first of those that are not here. It is not aborted when it is passed. */
  #pending: string | undefined;
  /** Of the picture that was asked for last, and of the one that is drawn: an older one is not drawn after it. */
  #askedFor = 0;
  #drawn = 0;
  #zoom: Zoom = wholePicture;
  readonly #ends: (() => void)[];

  constructor(canvas: HTMLCanvasElement, film: Film, reel: FrameReel) {
    this.#canvas = canvas;
    this.#film = film;
    this.#reel = reel;
    const observer = new ResizeObserver(() => this.draw());
    observer.observe(canvas);
    this.#ends = [
      () => observer.disconnect(),
      effect(() => this.#follow()),
      effect(() => {
        follow(showsBoxes);
        this.draw();
      }),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
    clearTimeout(this.#timer);
    this.#pictures.abortAllBut(new Set());
  }

  get zoom(): Zoom {
    return this.#zoom;
  }

  set zoom(zoom: Zoom) {
    const { picture, stage } = this.sizes;
    this.#zoom = clampZoom(picture, stage, zoom);
    this.#canvas.classList.toggle('zoomed', this.#zoom.scale > 1);
    this.draw();
  }

  /** In CSS pixels. */
  get sizes() {
    const stage = { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
    return { picture: this.#shown?.picture.part ?? { width: 16, height: 9 }, stage };
  }

  /** Follows the moment: small pictures while it moves fast, the full one where it rests. */
  #follow(): void {
    const step = stripStep(spanOf(view.value));
    const isFast = isScrubbing.value || (isPlaying.value && speed.value > filmFromSpeed);
    const name = camera.value;
    const wanted = frame.value;
    const moment = at.value;
    follow(this.#film.arrived);
    if (wanted === undefined || wanted.camera !== name) {
      if (wanted === undefined && !isFast) this.#clear();
      if (!isFast) return;
    }
    if (isFast && name !== undefined) {
      const small = this.#film.at(name, moment, isPlaying.value ? filmStep(speed.value) : step);
      if (small !== undefined) {
        // Full pictures that were asked for before are passed.
        this.#drawn = this.#askedFor + 1;
        this.#show(small, undefined);
      }
    }
    if (wanted === undefined || (!isFast && wanted.cursor === this.#wanted?.cursor)) return;
    if (this.#wanted !== undefined) this.#direction = wanted.at < this.#wanted.at ? -1 : 1;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (isFast) this.#timer = setTimeout(() => this.#load(wanted), restMs);
    else this.#load(wanted);
  }

  #load(wanted: FrameAnswer): void {
    this.#askedFor += 1;
    const number = this.#askedFor;
    const address = addressOfApi(wanted.url);
    const near = this.#reel.neighbours(wanted, this.#direction, neighbours);
    const nearAddresses = near.map(({ url }) => addressOfApi(url));
    const isStep = near.some(({ cursor }) => cursor === this.#asked?.cursor);
    this.#asked = wanted;
    // While a key is held and the server is slow, each picture would be passed before it is here: one of them is not.
    this.#pending = (isStep ? this.#pending : undefined) ?? address;
    this.#pictures.abortAllBut(new Set([address, this.#pending, ...nearAddresses]));
    const loading = this.#pictures.load(address);
    for (const each of nearAddresses) this.#pictures.prepare(each);
    loading
      .then((bitmap) => {
        // While a key is held, a picture that is passed already is drawn on the way.
        if (number < this.#drawn || wanted.camera !== this.#wanted?.camera) return;
        this.#drawn = number;
        this.#pictures.pin(address);
        pictureProblem.value = undefined;
        const part = { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
        this.#show({ bitmap, part }, wanted);
      })
      .catch((error: unknown) => {
        if (wasAborted(error) || this.#wanted?.url !== wanted.url) return;
        this.#clear();
        this.#wanted = wanted;
        pictureProblem.value = problemOf(error);
      })
      .finally(() => {
        if (this.#pending === address) this.#pending = undefined;
      });
  }

  #show(picture: FilmPicture, shownFrame: FrameAnswer | undefined): void {
    this.#shown = { picture, frame: shownFrame };
    this.#canvas.dataset.shown = shownFrame?.cursor ?? 'film';
    this.draw();
  }

  #clear(): void {
    this.#shown = undefined;
    this.#wanted = undefined;
    this.#drawn = this.#askedFor + 1;
    this.#canvas.dataset.shown = '';
    this.draw();
  }

  draw(): void {
    const { picture, stage } = this.sizes;
    const ratio = globalThis.devicePixelRatio;
    const [width, height] = [Math.round(stage.width * ratio), Math.round(stage.height * ratio)];
    const canvas = this.#canvas;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, stage.width, stage.height);
    if (this.#shown === undefined) return;
    const { bitmap, part } = this.#shown.picture;
    // A closed one: it has left the cache.
    if (bitmap.width === 0) return;
    this.#zoom = clampZoom(picture, stage, this.#zoom);
    const rect = rectOf(picture, stage, this.#zoom);
    context.imageSmoothingQuality = 'high';
    const source = [part.x, part.y, part.width, part.height] as const;
    context.drawImage(bitmap, ...source, rect.x, rect.y, rect.width, rect.height);
    const shown = this.#shown.frame;
    const size = shown?.size ?? undefined;
    if (!showsBoxes.value || shown === undefined || size === undefined) return;
    const scale = rect.width / size[0];
    for (const [left, top, boxWidth, boxHeight] of shown.boxes) {
      const box = [
        rect.x + left * scale,
        rect.y + top * scale,
        boxWidth * scale,
        boxHeight * scale,
      ];
      for (const [color, line] of [
        ['rgb(0 0 0 / 0.65)', 4],
        ['#ffb454', 2],
      ] as const) {
        context.strokeStyle = color;
        context.lineWidth = line;
        context.strokeRect(...(box as [number, number, number, number]));
      }
    }
  }
}

/** While playing, tiles that last long enough to be seen. */
const filmStep = (playingSpeed: number): number => (playingSpeed <= 100 ? 5000 : 60_000);

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'This picture cannot be decoded: its file is damaged.';
  if (error.code === 'gone' || error.code === 'not-found') {
    return 'This picture is deleted: its line in the record remains.';
  }
  return `This picture cannot be loaded: ${error.message}.`;
}
