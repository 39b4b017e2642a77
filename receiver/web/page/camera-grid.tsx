/** One moment, what each camera saw then. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CameraAnswer, FrameAnswer, FramesAnswer } from '../api-types.js';
import { addressOfApi, get, wasAborted } from './api.js';
import { BitmapCache } from './bitmap-cache.js';
import { sinceText, statusOf } from './camera-status.js';
import { frameAt } from './frame-window.js';
import * as state from './state.js';
import { useValue } from './use-value.js';
import { chooseCamera } from './viewer.js';
import { timeText } from './zone.js';

const pictures = new BitmapCache({ maxBytes: 64 * 1024 * 1024, width: 960 });
const restMs = 120;

export function CameraGrid(): JSX.Element {
  const cameras = useValue(() => state.cameras.value ?? []);
  return (
    <main class={`stage grid of${Math.min(9, cameras.length)}`}>
      {cameras.map((each) => (
        <Cell key={each.camera} answer={each} />
      ))}
    </main>
  );
}

/** Draws a picture, unless another one is wanted when it is here. */
function paint(
  canvas: RefObject<HTMLCanvasElement | null>,
  address: string,
  signal: AbortSignal,
): void {
  pictures
    .load(address)
    .then((bitmap) => {
      if (signal.aborted || canvas.current === null) return;
      [canvas.current.width, canvas.current.height] = [bitmap.width, bitmap.height];
      canvas.current.getContext('2d')?.drawImage(bitmap, 0, 0);
    })
    .catch(() => undefined);
}

function Cell({ answer }: { readonly answer: CameraAnswer }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [frame, setFrame] = useState<FrameAnswer | undefined>(answer.newest ?? undefined);
  const at = useValue(() => state.at.value);
  const isFollowing = useValue(() => state.isFollowing.value);
  const zone = useValue(() => state.zone.value);
  const { camera, newest } = answer;
  useEffect(() => {
    if (isFollowing) {
      setFrame(newest ?? undefined);
      return undefined;
    }
    const ending = new AbortController();
    const timer = setTimeout(() => {
      const wish = { camera, at: Math.round(at), limit: 4 };
      get<FramesAnswer>('frames', wish, ending.signal)
        .then(({ frames }) => {
          setFrame(frameAt({ frames, moreBefore: false, moreAfter: false }, at));
        })
        .catch((error: unknown) => {
          if (!wasAborted(error)) setFrame(undefined);
        });
    }, restMs);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [camera, at, isFollowing, newest]);
  useEffect(() => {
    const ending = new AbortController();
    if (frame !== undefined) paint(canvas, addressOfApi(frame.url), ending.signal);
    return () => ending.abort();
  }, [frame]);
  const isOld = isFollowing && answer.silentSince !== null;
  const { text, kind } = statusOf(answer, state.now(), zone);
  const shown = frame === undefined ? 'no picture' : timeText(frame.at, zone);
  return (
    <button
      type="button"
      class={isOld ? 'cell old' : 'cell'}
      title={`${camera}: ${text}`}
      onClick={() => {
        state.layout.value = 'one';
        chooseCamera(camera);
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <span class="caption">
        <span class={`dot ${kind}`} /> <strong>{camera}</strong> {shown}
        {isOld && <em> silent since {sinceText(answer.silentSince, state.now(), zone)}</em>}
      </span>
    </button>
  );
}
