/** The events as a strip of thumbnails around the moment: a bounded number of elements, used again. */
import { effect } from '@preact/signals-core';
import type { EventAnswer } from '../api-types.js';
import { addressOfApi } from './api.js';
import { BitmapCache } from './bitmap-cache.js';
import { placeAmong } from './marks.js';
import * as state from './state.js';
import { dayOf, dayText, timeText } from './zone.js';
import { events, openEvent } from './viewer.js';
import { countText, eventText, lengthText } from './words.js';

const thumbWidth = 256;
const maxBytes = 24 * 1024 * 1024;
/** Thumbnails are asked for after so long at one place. */
const restMs = 80;
/** Elements beyond each edge, so that a moving strip has no holes. */
const beyond = 2;

interface Card {
  readonly element: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
  readonly time: HTMLElement;
  readonly length: HTMLElement;
  readonly mark: HTMLElement;
  event: EventAnswer | undefined;
  drawn: string | undefined;
}

export class EventStrip {
  readonly #box: HTMLElement;
  readonly #cards: Card[] = [];
  readonly #thumbs = new BitmapCache({ maxBytes, width: thumbWidth });
  readonly #ends: (() => void)[];
  #events: readonly EventAnswer[] = [];
  #drawing = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(box: HTMLElement) {
    this.#box = box;
    const observer = new ResizeObserver(() => this.#schedule());
    observer.observe(box);
    const ending = new AbortController();
    box.addEventListener('wheel', (event) => this.#wheel(event), {
      passive: false,
      signal: ending.signal,
    });
    this.#ends = [
      () => observer.disconnect(),
      () => ending.abort(),
      effect(() => {
        // Where the server is back, thumbnails that failed are asked for again.
        state.follow(events.changes, state.at, state.zone, state.camera, state.downSince);
        this.#schedule();
      }),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
    cancelAnimationFrame(this.#drawing);
    clearTimeout(this.#timer);
    this.#thumbs.abortAllBut(new Set());
  }

  #schedule(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const delta = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    const place = Math.round(placeAmong(this.#events, state.at.value)) + Math.sign(delta);
    const target = this.#events[place];
    if (delta !== 0 && target !== undefined) openEvent(target);
  }

  #draw(): void {
    const name = state.camera.value;
    if (name === undefined) return;
    const at = state.at.value;
    this.#events = events.around(name, at);
    const list = this.#events;
    const width = this.#box.clientWidth;
    const pitch = parseFloat(getComputedStyle(this.#box).getPropertyValue('--pitch')) || 160;
    const place = placeAmong(list, at);
    const total = list.length * pitch;
    // Few events stand still; many move beneath the middle.
    const wished = place * pitch - (width - pitch) / 2;
    const left = total <= width ? 0 : Math.min(total - width, Math.max(0, wished));
    const first = Math.max(0, Math.floor(left / pitch) - beyond);
    const last = Math.min(list.length - 1, Math.ceil((left + width) / pitch) + beyond);
    this.#box.classList.toggle('empty', list.length === 0);
    const size = Math.max(1, last - first + 1);
    while (this.#cards.length < size) this.#cards.push(this.#makeCard());
    const chosen = list.find((each) => each.first <= at && at <= each.last);
    // Each event keeps its element while the strip moves.
    const slots = this.#cards.length;
    for (const card of this.#cards) card.element.hidden = true;
    for (let index = first; index <= last; index += 1) {
      const [card, event] = [this.#cards[index % slots], list[index]];
      if (card === undefined || event === undefined) continue;
      this.#fill(card, event, event === chosen);
      card.element.style.transform = `translateX(${Math.round(index * pitch - left)}px)`;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), restMs);
  }

  #makeCard(): Card {
    const element = document.createElement('button');
    element.type = 'button';
    element.className = 'event';
    const canvas = document.createElement('canvas');
    const [caption, time, length, mark] = ['span', 'span', 'span', 'span'].map((tag) =>
      document.createElement(tag),
    ) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
    caption.className = 'caption';
    [time.className, length.className, mark.className] = ['time', 'length', 'mark'];
    caption.append(time, ' ', length);
    element.append(canvas, caption, mark);
    this.#box.append(element);
    const card: Card = { element, canvas, time, length, mark, event: undefined, drawn: undefined };
    element.addEventListener('click', () => {
      if (card.event !== undefined) openEvent(card.event);
    });
    return card;
  }

  #fill(card: Card, event: EventAnswer, isChosen: boolean): void {
    const { element, time, length, mark } = card;
    const zone = state.zone.value;
    card.event = event;
    element.hidden = false;
    if (isChosen) element.setAttribute('aria-current', 'true');
    else element.removeAttribute('aria-current');
    element.dataset.event = event.event;
    element.classList.toggle('open', event.state === 'open');
    time.textContent = timeText(event.first, zone);
    length.textContent = `${lengthText(Math.max(0, event.last - event.first))} · ${event.frames.toLocaleString('en')}`;
    mark.textContent = event.kept ? '★' : '';
    mark.hidden = !event.kept;
    const day = dayText(dayOf(event.first, zone), 'short');
    const kept = event.kept ? ', kept' : '';
    element.title = `${day}, ${timeText(event.first, zone)}: ${eventText(event)}${kept}`;
    // What is seen begins what is said.
    const seen = `${time.textContent} ${length.textContent}`;
    element.setAttribute(
      'aria-label',
      `${seen} ${event.frames === 1 ? 'frame' : 'frames'}, event, ${day}${kept}`,
    );
    const address = event.best === null ? '' : addressOfApi(event.best.url);
    if (card.drawn === address && address !== '') return;
    const thumb = address === '' ? undefined : this.#thumbs.get(address);
    if (thumb === undefined) {
      card.drawn = undefined;
      card.canvas.classList.add('blank');
    } else this.#paint(card, address, thumb);
  }

  #paint(card: Card, address: string, thumb: ImageBitmap): void {
    const { canvas } = card;
    [canvas.width, canvas.height] = [thumb.width, thumb.height];
    canvas.getContext('2d')?.drawImage(thumb, 0, 0);
    canvas.classList.remove('blank');
    card.drawn = address;
  }

  #load(): void {
    const shown = this.#cards.filter(({ element }) => !element.hidden);
    const addresses = new Map<string, Card>();
    for (const card of shown) {
      const best = card.event?.best ?? undefined;
      if (best !== undefined) addresses.set(addressOfApi(best.url), card);
    }
    this.#thumbs.abortAllBut(new Set(addresses.keys()));
    for (const [address, card] of addresses) {
      if (card.drawn === address) continue;
      this.#thumbs
        .load(address)
        .then((thumb) => {
          const best = card.event?.best ?? undefined;
          if (best !== undefined && addressOfApi(best.url) === address)
            this.#paint(card, address, thumb);
        })
        // A deleted picture: its card stays blank.
        .catch(() => undefined);
    }
  }
}

/** What a screen reader says of the strip. */
export const stripText = (count: number): string => countText(count, 'event');
