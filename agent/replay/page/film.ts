/** The small pictures in a row, each a button that selects its frame. */
import { make } from './elements.js';
import type { Look, Sequence } from './sequence.js';

type Choice = 'all' | 'change' | 'near' | 'sent';

const choices: readonly (readonly [choice: Choice, text: string])[] = [
  ['all', 'all pictures'],
  ['change', 'changes'],
  ['near', 'near misses'],
  ['sent', 'sent'],
];
const words: Readonly<Record<Look, string>> = {
  change: 'change',
  near: 'near miss',
  quiet: 'quiet',
  skipped: 'skipped',
};

export class Film {
  readonly element: HTMLElement;
  readonly #row = make('ol', { class: 'row' });
  readonly #count = make('span', { class: 'count' });
  readonly #onSelect: (frame: number) => void;
  /** Pictures are loaded when they come into view. */
  readonly #observer: IntersectionObserver;
  readonly #items = new Map<number, HTMLLIElement>();
  #sequence: Sequence | undefined;
  #choice: Choice = 'all';

  constructor(onSelect: (frame: number) => void) {
    this.#onSelect = onSelect;
    this.#observer = new IntersectionObserver((entries) => this.#load(entries), {
      root: this.#row,
      rootMargin: '200px',
    });
    const buttons = choices.map(([choice, text]) => {
      const input = make('input', { type: 'radio', name: 'film', value: choice });
      input.checked = choice === this.#choice;
      input.addEventListener('change', () => {
        this.#choice = choice;
        this.#filter();
      });
      return make('label', {}, input, text);
    });
    this.element = make(
      'section',
      { class: 'film', 'aria-label': 'Pictures' },
      make('div', { class: 'choices' }, ...buttons, this.#count),
      this.#row,
    );
  }

  show(sequence: Sequence, selected: number): void {
    if (sequence !== this.#sequence) this.#fill(sequence);
    for (const item of this.#row.querySelectorAll('[aria-current]')) {
      item.removeAttribute('aria-current');
    }
    const frame = sequence.pictureFor(selected)?.frame;
    const item = frame === undefined ? undefined : this.#items.get(frame);
    if (item === undefined || item.hidden) return;
    if (frame === selected) item.firstElementChild?.setAttribute('aria-current', 'true');
    const left = item.offsetLeft - (this.#row.clientWidth - item.clientWidth) / 2;
    this.#row.scrollTo({ left });
  }

  #fill(sequence: Sequence): void {
    this.#sequence = sequence;
    this.#observer.disconnect();
    this.#items.clear();
    for (const { frame } of sequence.data.pictures) {
      const item = this.#itemOf(sequence, frame);
      this.#items.set(frame, item);
      this.#observer.observe(item);
    }
    this.#row.replaceChildren(...this.#items.values());
    this.#filter();
  }

  #itemOf(sequence: Sequence, frame: number): HTMLLIElement {
    const look = sequence.looks[frame] ?? 'quiet';
    const time = sequence.timeOf(frame);
    const shortTime = sequence.data.isWallTime ? time.slice(11) : time;
    const text = `frame ${frame + 1}, ${time}, ${words[look]}${sequence.isSent(frame) ? ', sent' : ''}`;
    const element = make(
      'button',
      { type: 'button', class: look, 'aria-label': text },
      make('span', { class: 'picture' }),
      make('span', {}, `${shortTime}${sequence.isSent(frame) ? ' ↑' : ''}`),
    );
    element.addEventListener('click', () => this.#onSelect(frame));
    return make('li', { 'data-frame': String(frame) }, element);
  }

  #load(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const place = target.querySelector('.picture');
      if (!isIntersecting || place === null || place.childElementCount > 0) continue;
      const frame = Number(target.getAttribute('data-frame'));
      const picture = this.#sequence?.data.pictures.find((each) => each.frame === frame);
      if (picture === undefined) continue;
      place.append(make('img', { src: `data:image/jpeg;base64,${picture.jpeg}`, alt: '' }));
    }
  }

  #filter(): void {
    const sequence = this.#sequence;
    if (sequence === undefined) return;
    let shown = 0;
    for (const [frame, item] of this.#items) {
      const isShown =
        this.#choice === 'all' ||
        (this.#choice === 'sent' ? sequence.isSent(frame) : sequence.looks[frame] === this.#choice);
      item.hidden = !isShown;
      if (isShown) shown += 1;
    }
    this.#count.textContent = `${shown} of ${sequence.count} frames; ↑ is sent`;
  }
}
