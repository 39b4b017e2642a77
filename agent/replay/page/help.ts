/** What the page says about itself, at its end. */
import { make } from './elements.js';

const entries: readonly (readonly [term: string, meaning: string])[] = [
  [
    'cell',
    'The detector divides a frame into squares of some pixels, and compares the brightness of each with the background, ' +
      'which it learns from the frames before.',
  ],
  [
    'strength',
    'How far the strongest cell is from the background, in multiples of the threshold. The threshold is a multiple of ' +
      'what the place varies by anyway; --sensitivity sets it. From 1 a cell differs; a change needs more.',
  ],
  [
    'size',
    'The largest connected region of cells that differ, as a share of the area that --mask includes. --min-area sets ' +
      'what a change needs.',
  ],
  [
    'near miss',
    'A frame without a change that has at least half of the size and of the strength that one needs, or a region that ' +
      'another rule has excluded: light, or seen once.',
  ],
  ['event', 'Changes that are less than --event-gap apart.'],
  [
    'pictures',
    'The page has figures of all frames, and small pictures of as many as fit: of changes, near misses and frames that ' +
      'are sent, and of some quiet ones.',
  ],
  [
    'keys',
    '← → frame, Page Up and Page Down 25 frames, Home, End; n p change, m Shift+M near miss.',
  ],
];

export function help(version: string): HTMLElement {
  return make(
    'footer',
    {},
    make(
      'details',
      {},
      make('summary', {}, 'How to read this page'),
      make(
        'dl',
        {},
        ...entries.flatMap(([term, meaning]) => [make('dt', {}, term), make('dd', {}, meaning)]),
      ),
    ),
    make('p', {}, `Made by agent replay of picchanged ${version}.`),
  );
}
