/** What the page shows, as signals: panels and drawings follow them. */
import { type ReadonlySignal, computed, signal } from '@preact/signals-core';
import type { CameraAnswer, FrameAnswer, SessionAnswer, StateAnswer } from '../api-types.js';
import { type View, viewAround } from './time-scale.js';
import { type Offsets, type Zone, readerZone, zoneOfOffsets } from './zone.js';

export type Dialog = 'help' | 'go' | 'calendar';

export const session = signal<SessionAnswer | undefined>(undefined);
/** The server wants a name and a password. */
export const isLocked = signal(false);
/** Since when the server does not answer, by the reader's clock. */
export const downSince = signal<number | null>(null);
/** The receiver's clock minus the reader's. */
export const clockAhead = signal(0);

/** Undefined: not known yet. */
export const cameras = signal<readonly CameraAnswer[] | undefined>(undefined);
export const camera = signal<string | undefined>(undefined);
/** The moment that is shown. */
export const at = signal(Date.now());
/** At the newest frame, and moving along. */
export const isFollowing = signal(true);
export const view = signal<View>(viewAround(Date.now(), 86_400_000));
/** The frame that was seen last at the moment. */
export const frame = signal<FrameAnswer | undefined>(undefined);
/** Frames of this camera that arrived while the past is shown. */
export const freshFrames = signal(0);
/** Why no picture is shown, as a sentence. */
export const pictureProblem = signal<string | undefined>(undefined);
/** What the record says of the moment. */
export const momentState = signal<StateAnswer | undefined>(undefined);

/** The pointer drags through time: film strips are drawn. */
export const isScrubbing = signal(false);
export const isPlaying = signal(false);
export const speed = signal(10);
export const showsBoxes = signal(false);
export const layout = signal<'one' | 'all'>('one');
export const zoneChoice = signal<'camera' | 'reader'>('camera');
export const dialog = signal<Dialog | null>(null);
/** A sentence that disappears. */
export const message = signal<string | undefined>(undefined);

/** By camera. */
export const offsets = signal<Readonly<Record<string, Offsets>>>({});

/** Lets the running effect follow signals of which it needs no value. */
export const follow = (...signals: readonly ReadonlySignal<unknown>[]): unknown[] =>
  signals.map(({ value }) => value);

export const now = (): number => Date.now() + clockAhead.value;

export const cameraAnswer = computed<CameraAnswer | undefined>(() =>
  cameras.value?.find((each) => each.camera === camera.value),
);

export const zone = computed<Zone>(() => {
  if (zoneChoice.value === 'reader') return readerZone;
  const known = offsets.value[camera.value ?? ''] ?? [];
  return zoneOfOffsets(known, cameraAnswer.value?.offset ?? 0);
});

export const mayKeep = computed(() => session.value?.role === 'keep');

/** The newest picture is shown, and it is old: why, and since when. */
export const oldSince = computed<{ readonly at: number; readonly word: string } | undefined>(() => {
  if (!isFollowing.value) return undefined;
  const since = cameraAnswer.value?.silentSince ?? null;
  if (since !== null) return { at: since, word: 'silent' };
  if (downSince.value !== null) return { at: downSince.value, word: 'no connection' };
  return undefined;
});
