/** What the server says by itself: new frames, states of cameras; all is asked for anew after a gap. */
import type { CameraAnswer, CamerasAnswer, LiveCamera, LiveEvent } from '../api-types.js';
import { addressOfApi, get, noteAnswer } from './api.js';
import * as state from './state.js';
import { attempt, events, film, goNewest, reel, renewFrames, timelines } from './viewer.js';

/** Answers about cameras come every 15 s: without one for longer the connection is dead. */
const quietMs = 40_000;
const retryMs = 3000;

/** @throws as `ask` */
export async function loadCameras(): Promise<void> {
  const answer = await get<CamerasAnswer>('cameras');
  state.clockAhead.value = answer.now - Date.now();
  state.cameras.value = answer.cameras;
}

function changeCamera(name: string, change: (camera: CameraAnswer) => CameraAnswer): void {
  state.cameras.value = state.cameras.value?.map((each) =>
    each.camera === name ? change(each) : each,
  );
}

function takeStates(now: number, answers: readonly LiveCamera[]): void {
  state.clockAhead.value = now - Date.now();
  const known = state.cameras.value;
  if (
    known === undefined ||
    answers.some(({ camera }) => !known.some((k) => k.camera === camera))
  ) {
    attempt(loadCameras());
    return;
  }
  for (const answer of answers) changeCamera(answer.camera, (each) => ({ ...each, ...answer }));
}

function takeEntries(entries: Extract<LiveEvent, { type: 'entries' }>): void {
  const { camera, frames, count, from, to, marks } = entries;
  const newest = frames.at(-1);
  const isKnown = state.cameras.value?.some((each) => each.camera === camera) === true;
  if (!isKnown) attempt(loadCameras());
  const before = state.cameras.value?.find((each) => each.camera === camera)?.newest ?? undefined;
  const isNewer = newest !== undefined && (before === undefined || newest.at > before.at);
  if (isNewer) {
    changeCamera(camera, (each) => ({
      ...each,
      newest,
      silentSince: null,
      lastArrival: state.now(),
    }));
  }
  timelines.invalidate(camera, from, to);
  if (count > 0 || marks) {
    events.invalidate(camera, from, to);
    film.invalidate(camera, from, to);
  }
  if (camera !== state.camera.value) return;
  reel.append(camera, frames, count === frames.length);
  if (marks) attempt(renewFrames());
  if (!isNewer) return;
  if (state.isFollowing.value && !state.isPlaying.value) goNewest(false);
  else state.freshFrames.value += count;
}

function reset(): void {
  timelines.invalidate(undefined);
  events.invalidate(undefined);
  reel.forget();
  attempt(
    loadCameras().then(() => {
      if (state.isFollowing.value) goNewest(false);
    }),
  );
}

/** Follows the server until the returned function is called. */
export function followLive(): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;

  const connect = (): void => {
    clearTimeout(timer);
    source?.close();
    const opened = new EventSource(addressOfApi('live'));
    source = opened;
    opened.onmessage = ({ data }: MessageEvent<string>) => {
      noteAnswer(true);
      awaitNext();
      const event = JSON.parse(data) as LiveEvent;
      if (event.type === 'reset') reset();
      else if (event.type === 'cameras') takeStates(event.now, event.cameras);
      else takeEntries(event);
    };
    opened.onerror = () => {
      noteAnswer(false);
      // After some answers, such as 401, the browser does not connect again by itself.
      if (opened.readyState === EventSource.CLOSED) timer = setTimeout(retry, retryMs);
    };
    awaitNext();
  };
  const retry = (): void => {
    // It tells a lock from a server that is away.
    loadCameras()
      .then(connect)
      .catch(() => {
        if (!state.isLocked.value) timer = setTimeout(retry, retryMs);
      });
  };
  const awaitNext = (): void => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      noteAnswer(false);
      connect();
    }, quietMs);
  };
  connect();
  return () => {
    clearTimeout(timer);
    clearTimeout(watchdog);
    source?.close();
  };
}
