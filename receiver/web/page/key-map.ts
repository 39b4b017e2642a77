/** What each key does. Pure. */

export type Action =
  | 'next-frame'
  | 'previous-frame'
  | 'next-event'
  | 'previous-event'
  | 'next-day'
  | 'previous-day'
  | 'play'
  | 'faster'
  | 'slower'
  | 'go'
  | 'newest'
  | 'keep'
  | 'save'
  | 'boxes'
  | 'zoom-in'
  | 'zoom-out'
  | 'whole-picture'
  | 'all'
  | 'zone'
  | 'calendar'
  | 'help'
  | 'close';

export interface Pressed {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const plain: Readonly<Record<string, Action>> = {
  ArrowRight: 'next-frame',
  ArrowLeft: 'previous-frame',
  ArrowUp: 'zoom-in',
  ArrowDown: 'zoom-out',
  ' ': 'play',
  '+': 'faster',
  '=': 'faster',
  '-': 'slower',
  '?': 'help',
  Escape: 'close',
  a: 'all',
  b: 'boxes',
  c: 'calendar',
  d: 'next-day',
  g: 'go',
  k: 'keep',
  n: 'newest',
  s: 'save',
  z: 'zone',
  0: 'whole-picture',
};
const shifted: Readonly<Record<string, Action>> = {
  ...{ ArrowRight: 'next-event', ArrowLeft: 'previous-event', d: 'previous-day' },
  ...{ '+': 'faster', '?': 'help', Escape: 'close' },
};

/** @returns undefined: the key is the browser's */
export function actionOf({ key, shiftKey, ctrlKey, altKey, metaKey }: Pressed): Action | undefined {
  if (ctrlKey || altKey || metaKey) return undefined;
  const name = key.length === 1 ? key.toLowerCase() : key;
  const map = shiftKey ? shifted : plain;
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** While one is held, it repeats. */
export const repeats: ReadonlySet<Action> = new Set([
  ...(['next-frame', 'previous-frame', 'next-event', 'previous-event'] as const),
  ...(['next-day', 'previous-day', 'zoom-in', 'zoom-out', 'faster', 'slower'] as const),
]);

/** For the list that `?` shows. */
export const keyHelp: readonly (readonly [keys: string, meaning: string])[] = [
  ['← →', 'previous, next frame'],
  ['Shift ← →', 'previous, next event'],
  ['D, Shift D', 'next, previous day'],
  ['↑ ↓', 'zoom the time line in, out'],
  ['Space', 'play, pause'],
  ['+ −', 'play faster, slower'],
  ['G', 'go to a moment'],
  ['C', 'calendar'],
  ['N', 'newest frame, and move along'],
  ['K', 'keep the event, or no longer'],
  ['S', 'save the picture as a file'],
  ['B', 'show what changed'],
  ['0', 'whole picture'],
  ['A', 'all cameras at this moment'],
  ['Z', 'times of the camera, or yours'],
  ['?', 'this list'],
  ['Esc', 'close'],
];
