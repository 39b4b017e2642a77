/** The line between picture and time line: the time, why the frame was kept, and the buttons. */
import type { JSX } from 'preact';
import type { FrameAnswer } from '../api-types.js';
import { IconButton } from './button.js';
import { sinceText } from './camera-status.js';
import { faster, slower, speedText } from './playback.js';
import * as state from './state.js';
import { useValue } from './use-value.js';
import * as viewer from './viewer.js';
import { bytesText, proofText, whyKept } from './words.js';
import { timeText } from './zone.js';

export function Controls(): JSX.Element {
  return (
    <section class="controls" aria-label="Controls">
      <Moment />
      <div class="group walk">
        <IconButton
          icon="previousEvent"
          name="Previous event"
          keys="Shift ←"
          onPress={() => viewer.attempt(viewer.stepEvent(-1))}
        />
        <IconButton
          icon="previous"
          name="Previous frame"
          keys="←"
          onPress={() => viewer.attempt(viewer.stepFrame(-1))}
        />
        <PlayButton />
        <IconButton
          icon="next"
          name="Next frame"
          keys="→"
          onPress={() => viewer.attempt(viewer.stepFrame(1))}
        />
        <IconButton
          icon="nextEvent"
          name="Next event"
          keys="Shift →"
          onPress={() => viewer.attempt(viewer.stepEvent(1))}
        />
        <Speed />
      </div>
      <Marks />
    </section>
  );
}

function Moment(): JSX.Element {
  const moment = useValue(() => {
    return timeText(state.at.value, state.zone.value, 'ms');
  });
  const why = useValue(() => {
    const shown = state.frame.value;
    if (shown === undefined) return '';
    const proof = proofText(shown.proof);
    const details = [bytesText(shown.bytes), ...(proof === undefined ? [] : [proof])];
    return [`${agoText(shown)}${whyKept(shown)}`, ...details].join(' · ');
  });
  const note = useValue(() => state.frame.value?.note ?? undefined);
  return (
    <div class="moment">
      <time>
        {moment.slice(0, 8)}
        <small>{moment.slice(8)}</small>
      </time>
      <p class="why" title={why}>
        {why}
        {note !== undefined && <q>{note}</q>}
      </p>
    </div>
  );
}

/** Where nothing changed the picture is that of an earlier moment. */
function agoText(shown: FrameAnswer): string {
  const { at, zone, isScrubbing, isPlaying } = state;
  const isMoving = isScrubbing.value || isPlaying.value;
  if (isMoving || Math.abs(shown.at - at.value) < 1000) return '';
  return `picture of ${sinceText(shown.at, at.value, zone.value, 's')}: `;
}

function PlayButton(): JSX.Element {
  const isPlaying = useValue(() => state.isPlaying.value);
  return (
    <IconButton
      icon={isPlaying ? 'pause' : 'play'}
      name={isPlaying ? 'Pause' : 'Play'}
      keys="Space"
      class="play"
      isFilled={!isPlaying}
      onPress={viewer.togglePlay}
    />
  );
}

function Speed(): JSX.Element {
  const speed = useValue(() => state.speed.value);
  return (
    <div class="speed">
      <button
        type="button"
        class="button"
        aria-label="Slower"
        title="Slower (−)"
        onClick={() => (state.speed.value = slower(speed))}
      >
        −
      </button>
      <output aria-label="Speed">{speedText(speed)}</output>
      <button
        type="button"
        class="button"
        aria-label="Faster"
        title="Faster (+)"
        onClick={() => (state.speed.value = faster(speed))}
      >
        +
      </button>
    </div>
  );
}

function Marks(): JSX.Element {
  const showsBoxes = useValue(() => state.showsBoxes.value);
  const isKept = useValue(() => state.frame.value?.kept === true);
  const mayKeep = useValue(() => state.mayKeep.value);
  return (
    <div class="group marks">
      <IconButton
        icon="go"
        name="Go to a moment"
        keys="G"
        onPress={() => (state.dialog.value = 'go')}
      />
      <IconButton
        icon="boxes"
        name="Show what changed"
        keys="B"
        isOn={showsBoxes}
        onPress={() => (state.showsBoxes.value = !showsBoxes)}
      />
      {mayKeep && (
        <IconButton
          icon="star"
          name="Keep"
          keys="K"
          isOn={isKept}
          isFilled={isKept}
          onPress={() => viewer.attempt(viewer.toggleKeep())}
        />
      )}
      <IconButton icon="save" name="Save the picture" keys="S" onPress={viewer.savePicture} />
    </div>
  );
}
