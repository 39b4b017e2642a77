/** What the keys, buttons and drawings do: moves through time, keeps, saves, plays. */
import { batch } from '@preact/signals-core';
import type { EventAnswer, FrameAnswer, KeepAnswer, KeepWish } from '../api-types.js';
import { ApiError, addressOfApi, post, wasAborted } from './api.js';
import { EventData } from './event-data.js';
import { Film } from './film.js';
import { FrameReel } from './frame-reel.js';
import { stateAt } from './marks.js';
import * as state from './state.js';
import { TimelineData } from './timeline-data.js';
import { clampTime, keepInView, panBy, spanOf, viewAround } from './time-scale.js';
import { addDays, dayOf, dayStart, shiftDays } from './zone.js';

export const reel = new FrameReel();
export const film = new Film();
export const timelines = new TimelineData();
export const events = new EventData();

const restMs = 120;
const messageMs = 4000;
let restTimer: ReturnType<typeof setTimeout> | undefined;
let messageTimer: ReturnType<typeof setTimeout> | undefined;
/** Called before a jump: the address of where it began is kept for going back. */
let onJump = (): void => undefined;
export const setJumpListener = (listener: () => void): void => void (onJump = listener);

export function say(text: string): void {
  state.message.value = text;
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => (state.message.value = undefined), messageMs);
}

const sayError = (error: unknown): void => {
  if (wasAborted(error)) return;
  // The bar says that the server is away.
  if (error instanceof ApiError && error.code === 'away') return;
  say(error instanceof Error ? error.message : String(error));
};
/** Runs what the reader asked for; a failure is a sentence on the page. */
export const attempt = (act: Promise<unknown>): void => void act.catch(sayError);

function showState(): void {
  const name = state.camera.value;
  if (name === undefined) return;
  const moment = state.at.value;
  const answers = timelines.of(name, state.view.value);
  state.momentState.value = answers
    .toReversed()
    .map(({ states }) => stateAt(states, moment))
    .find((each) => each !== undefined);
}
timelines.changes.subscribe(showState);

export const newestAt = (): number | undefined => state.cameraAnswer.value?.newest?.at;

function isAtNewest(at: number): boolean {
  const newest = newestAt();
  return newest === undefined || at >= newest;
}

/** Shows a moment: at once when its frame is known, else after a rest. */
function show(at: number, { keepsView = true, restsMs = restMs } = {}): void {
  const name = state.camera.value;
  const moment = clampTime(at);
  batch(() => {
    state.at.value = moment;
    state.isFollowing.value = isAtNewest(moment);
    if (state.isFollowing.value) state.freshFrames.value = 0;
    if (keepsView) state.view.value = keepInView(state.view.value, moment);
    const known = name === undefined ? undefined : reel.peek(name, moment);
    if (known !== undefined) state.frame.value = known;
  });
  showState();
  clearTimeout(restTimer);
  if (name !== undefined) restTimer = setTimeout(() => attempt(settle(name)), restsMs);
}

/** Asks for the frame of the moment. */
async function settle(name: string): Promise<void> {
  const moment = state.at.value;
  const found = await reel.seek(name, moment);
  if (state.camera.value !== name || state.at.value !== moment) return;
  state.frame.value = found;
}

/** Asks anew for the frames around the moment: some were kept or deleted. The picture stays. */
export async function renewFrames(): Promise<void> {
  const name = state.camera.value;
  const shown = state.frame.value;
  reel.forget();
  if (name === undefined || shown === undefined) return;
  const found = await reel.seek(name, shown.at);
  const isShown = state.frame.value?.cursor === shown.cursor;
  if (isShown && found?.cursor === shown.cursor) state.frame.value = found;
}

export function scrub(at: number): void {
  state.isPlaying.value = false;
  show(at, { keepsView: false });
}

export function jump(at: number): void {
  onJump();
  show(at, { restsMs: 0 });
}

/** While playing. */
export const playTo = (at: number): void => show(at, { restsMs: 40 });

function showFrame(found: FrameAnswer): void {
  show(found.at);
  state.frame.value = found;
}

export async function stepFrame(direction: 1 | -1): Promise<void> {
  state.isPlaying.value = false;
  const shown = state.frame.value;
  if (shown === undefined) return;
  const found = await reel.beside(shown, direction);
  if (found === undefined)
    say(direction === 1 ? 'This is the newest frame.' : 'This is the first frame.');
  else if (state.frame.value === shown) showFrame(found);
}

export function openEvent({ best, first }: EventAnswer): void {
  onJump();
  if (best === null) show(first, { restsMs: 0 });
  else showFrame(best);
}

/** From the first moment of an event on, what is shown is inside of it. */
export async function stepEvent(direction: 1 | -1): Promise<void> {
  const name = state.camera.value;
  if (name === undefined) return;
  const moment = state.at.value;
  const inside = events
    .around(name, moment)
    .find(({ first, last }) => first <= moment && moment <= last);
  const found = await events.next(name, inside?.first ?? moment, direction);
  if (found === undefined)
    say(direction === 1 ? 'There is no later event.' : 'There is no earlier event.');
  else openEvent(found);
}

export function stepDay(direction: 1 | -1): void {
  const moved = shiftDays(state.at.value, direction, state.zone.value);
  onJump();
  state.view.value = panBy(state.view.value, moved - state.at.value);
  show(Math.min(moved, Math.max(state.at.value, state.now())), { restsMs: 0 });
}

/** Shows a day whole, at its first event. */
export async function openDay(day: string): Promise<void> {
  const zone = state.zone.value;
  const [from, to] = [dayStart(day, zone), dayStart(addDays(day, 1), zone)];
  onJump();
  state.view.value = { from, to };
  show(from, { keepsView: false, restsMs: 0 });
  const name = state.camera.value;
  const found = name === undefined ? undefined : await events.next(name, from - 1, 1);
  if (found !== undefined && found.first < to && state.at.value === from) {
    show(found.best?.at ?? found.first, { restsMs: 0 });
  }
}

/** The whole day of a moment, or as much time as wished around it. */
export function viewFor(at: number, span: number): void {
  const zone = state.zone.value;
  const day = dayOf(at, zone);
  state.view.value =
    span === 86_400_000
      ? { from: dayStart(day, zone), to: dayStart(addDays(day, 1), zone) }
      : viewAround(at, span);
}

export function goNewest(isJump = true): void {
  const newest = state.cameraAnswer.value?.newest ?? undefined;
  if (isJump) onJump();
  state.isPlaying.value = false;
  show(newest?.at ?? state.now(), { restsMs: 0 });
  if (newest !== undefined) state.frame.value = newest;
}

export function chooseCamera(name: string): void {
  if (state.camera.value === name) return;
  onJump();
  const wasFollowing = state.isFollowing.value;
  batch(() => {
    state.camera.value = name;
    state.frame.value = undefined;
    state.freshFrames.value = 0;
    state.momentState.value = undefined;
  });
  reel.forget();
  if (wasFollowing) goNewest(false);
  else show(state.at.value, { restsMs: 0 });
}

export async function toggleKeep(): Promise<void> {
  const shown = state.frame.value;
  if (shown === undefined) return;
  if (!state.mayKeep.value) {
    say('Your name may look, not keep.');
    return;
  }
  const keep = !shown.kept;
  const { camera, event, url } = shown;
  const wish: KeepWish = { camera, keep, ...(event === null ? { frame: url } : { event }) };
  const { waiting } = (await post('keep', wish)) as KeepAnswer;
  const what = event === null ? 'frame' : 'event';
  if (waiting) {
    say(
      `The receiver has not answered yet: this ${what} is ${keep ? '' : 'no longer '}kept when it does.`,
    );
    return;
  }
  const isMarked = (each: FrameAnswer): boolean =>
    event === null ? each.url === url : each.event === event;
  reel.mark(isMarked, keep);
  if (event !== null) events.mark(event, keep);
  const current = state.frame.value;
  if (current !== undefined && isMarked(current)) state.frame.value = { ...current, kept: keep };
  say(
    keep
      ? `This ${what} is kept: it is not deleted by age or space.`
      : `This ${what} is no longer kept.`,
  );
}

export function savePicture(): void {
  const shown = state.frame.value;
  if (shown === undefined) return;
  const link = document.createElement('a');
  link.href = addressOfApi(shown.url);
  link.download = `${shown.camera}_${shown.name.split('/').at(-1) ?? 'frame.jpg'}`;
  link.click();
}

export function togglePlay(): void {
  const isStart = !state.isPlaying.value;
  if (isStart && state.isFollowing.value) say('This is the newest frame: go back to play.');
  else state.isPlaying.value = isStart;
}

export function zoomView(factor: number): void {
  const { value } = state.view;
  state.view.value = keepInView(viewAround(state.at.value, spanOf(value) * factor), state.at.value);
}
