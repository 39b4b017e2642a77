/** The stage: the picture, and what must be said about it. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { sinceText } from './camera-status.js';
import { Icon } from './icons.js';
import { followGestures } from './picture-gestures.js';
import { PictureView } from './picture-view.js';
import { wholePicture } from './picture-fit.js';
import * as state from './state.js';
import { useValue } from './use-value.js';
import { attempt, film, reel, stepEvent } from './viewer.js';
import { countText, stateText, whyKept } from './words.js';
import { dayOf, dayText, timeText } from './zone.js';

let resetZoom = (): void => undefined;
export const showWholePicture = (): void => resetZoom();

export function Stage(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const problem = useValue(() => state.pictureProblem.value);
  const isEmpty = useValue(() => state.frame.value === undefined);
  const old = useValue(() => state.oldSince.value);
  const zone = useValue(() => state.zone.value);
  const gap = useValue(() => gapText());
  const isGone = useValue(() => state.momentState.value?.state === 'not-watched');
  const label = useValue(() => pictureLabel());
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const view = new PictureView(canvas.current, film, reel);
    resetZoom = () => (view.zoom = wholePicture);
    const end = followGestures(canvas.current, view, {
      onSwipe: (direction) => attempt(stepEvent(direction === 'next' ? 1 : -1)),
    });
    return () => {
      end();
      view.close();
    };
  }, []);
  const className = old === undefined ? (gap === undefined ? 'stage' : 'stage dim') : 'stage old';
  return (
    <main class={className}>
      <canvas ref={canvas} class="picture" role="img" aria-label={label} />
      {old !== undefined && (
        <p class="badge old">
          {old.word} since {sinceText(old.at, state.now(), zone)}
        </p>
      )}
      {old === undefined && gap !== undefined && (
        <p class="badge gap">
          {isGone && <Icon name="cameraOff" />}
          {gap}
        </p>
      )}
      {problem !== undefined && <p class="problem">{problem}</p>}
      {problem === undefined && isEmpty && <p class="problem">No picture of this camera yet.</p>}
    </main>
  );
}

/** Where the moment was not watched, or nothing is known of it. */
function gapText(): string | undefined {
  const known = state.momentState.value;
  const isGap = known?.state === 'not-watched' || known?.state === 'unknown';
  const { cause } = known ?? {};
  // Reports come now and then: the newest moments are not reported yet.
  if (!isGap || cause === 'not-yet' || state.isFollowing.value) return undefined;
  const shown = state.frame.value;
  const last =
    shown === undefined || shown.at > state.at.value
      ? ''
      : `; last picture ${timeText(shown.at, state.zone.value)}`;
  return `${stateText(known)}${last}`;
}

function pictureLabel(): string {
  const shown = state.frame.value;
  if (shown === undefined) return 'No picture';
  const zone = state.zone.value;
  const moment = `${dayText(dayOf(shown.at, zone))}, ${timeText(shown.at, zone)}`;
  const boxes = shown.boxes.length;
  const where = boxes === 0 ? '' : `, ${countText(boxes, 'changed area')}`;
  return `Picture of ${shown.camera}, ${moment}: ${whyKept(shown)}${where}`;
}
