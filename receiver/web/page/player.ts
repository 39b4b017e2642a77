/** Plays: moves the moment at the chosen speed, picture by picture of the screen. */
import { effect } from '@preact/signals-core';
import { advance } from './playback.js';
import { at, isPlaying, now, speed } from './state.js';
import { newestAt, playTo } from './viewer.js';

export function startPlayer(): () => void {
  let handle = 0;
  let lastMs: number | undefined;
  const tick = (ms: number): void => {
    const elapsed = lastMs === undefined ? 0 : ms - lastMs;
    lastMs = ms;
    const next = advance(at.peek(), elapsed, speed.peek(), newestAt() ?? now());
    playTo(next.at);
    if (next.isEnd) isPlaying.value = false;
    else handle = requestAnimationFrame(tick);
  };
  return effect(() => {
    cancelAnimationFrame(handle);
    lastMs = undefined;
    if (isPlaying.value) handle = requestAnimationFrame(tick);
  });
}
