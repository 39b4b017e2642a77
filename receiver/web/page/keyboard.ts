/** Follows the keys, wherever the focus is. */
import { type Action, actionOf, repeats } from './key-map.js';
import { faster, slower } from './playback.js';
import { showWholePicture } from './stage.js';
import * as state from './state.js';
import { toggleZone } from './top-bar.js';
import * as viewer from './viewer.js';

const { attempt } = viewer;

const acts: Readonly<Record<Action, () => void>> = {
  'next-frame': () => attempt(viewer.stepFrame(1)),
  'previous-frame': () => attempt(viewer.stepFrame(-1)),
  'next-event': () => attempt(viewer.stepEvent(1)),
  'previous-event': () => attempt(viewer.stepEvent(-1)),
  'next-day': () => viewer.stepDay(1),
  'previous-day': () => viewer.stepDay(-1),
  play: viewer.togglePlay,
  faster: () => (state.speed.value = faster(state.speed.value)),
  slower: () => (state.speed.value = slower(state.speed.value)),
  go: () => (state.dialog.value = 'go'),
  newest: () => viewer.goNewest(),
  keep: () => attempt(viewer.toggleKeep()),
  save: viewer.savePicture,
  boxes: () => (state.showsBoxes.value = !state.showsBoxes.value),
  'zoom-in': () => viewer.zoomView(0.5),
  'zoom-out': () => viewer.zoomView(2),
  'whole-picture': showWholePicture,
  all: () => (state.layout.value = state.layout.value === 'all' ? 'one' : 'all'),
  zone: toggleZone,
  calendar: () => (state.dialog.value = 'calendar'),
  help: () => (state.dialog.value = 'help'),
  close: () => {
    state.isPlaying.value = false;
    state.dialog.value = null;
  },
};

export function followKeys(): () => void {
  const press = (event: KeyboardEvent): void => {
    const { target } = event;
    if (event.defaultPrevented || state.camera.value === undefined) return;
    if (target instanceof HTMLInputElement) return;
    // A dialog closes by itself.
    if (state.dialog.value !== null) return;
    // A button that has the focus is pressed by the space bar.
    if (event.key === ' ' && target instanceof HTMLButtonElement) return;
    const action = actionOf(event);
    if (action === undefined || (event.repeat && !repeats.has(action))) return;
    event.preventDefault();
    acts[action]();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}
