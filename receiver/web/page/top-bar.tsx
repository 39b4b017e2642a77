/** The bar above: the camera, the day, the newest frame, and what concerns the whole page. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { attempt, chooseCamera, goNewest, stepDay } from './viewer.js';
import { post } from './api.js';
import { IconButton } from './button.js';
import { statusOf } from './camera-status.js';
import { Icon } from './icons.js';
import * as state from './state.js';
import { useValue } from './use-value.js';
import { countText } from './words.js';
import { dayOf, dayText, offsetText } from './zone.js';

export function TopBar(): JSX.Element {
  const hasPassword = useValue(() => state.session.value?.hasPassword === true);
  return (
    <header class="top">
      <CameraChooser />
      <DayChooser />
      <LiveButton />
      <div class="tools">
        <ZoneButton />
        <IconButton
          icon="help"
          name="Keys"
          keys="?"
          onPress={() => (state.dialog.value = 'help')}
        />
        {hasPassword && <IconButton icon="leave" name="Leave" onPress={() => attempt(leave())} />}
      </div>
    </header>
  );
}

async function leave(): Promise<void> {
  await post('session', {}, 'DELETE');
  location.reload();
}

function CameraChooser(): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const cameras = useValue(() => state.cameras.value ?? []);
  const chosen = useValue(() => state.cameraAnswer.value);
  const zone = useValue(() => state.zone.value);
  const layout = useValue(() => state.layout.value);
  useEffect(() => {
    if (!isOpen) return undefined;
    const close = (event: Event): void => {
      const isInside = event.target instanceof Node && box.current?.contains(event.target) === true;
      if (!isInside || (event instanceof KeyboardEvent && event.key === 'Escape')) setOpen(false);
    };
    for (const name of ['pointerdown', 'focusin', 'keydown']) addEventListener(name, close);
    return () => {
      for (const name of ['pointerdown', 'focusin', 'keydown']) removeEventListener(name, close);
    };
  }, [isOpen]);
  const now = state.now();
  const choose = (act: () => void) => () => {
    setOpen(false);
    act();
  };
  return (
    <div class="chooser" ref={box}>
      <button
        type="button"
        class="button wide camera-name"
        aria-expanded={isOpen}
        title="Choose a camera"
        onClick={() => setOpen(!isOpen)}
      >
        {chosen !== undefined && layout === 'one' && (
          <span class={`dot ${statusOf(chosen, now, zone).kind}`} />
        )}
        <strong>{layout === 'all' ? 'All cameras' : (chosen?.camera ?? 'Cameras')}</strong>
        <Icon name="down" />
      </button>
      {isOpen && (
        <ul class="menu">
          {cameras.map((each) => {
            const { kind, text } = statusOf(each, now, zone);
            const isChosen = each.camera === chosen?.camera && layout === 'one';
            return (
              <li key={each.camera}>
                <button
                  type="button"
                  aria-current={isChosen ? 'true' : undefined}
                  onClick={choose(() => {
                    state.layout.value = 'one';
                    chooseCamera(each.camera);
                  })}
                >
                  <span class={`dot ${kind}`} />
                  <strong>{each.camera}</strong>
                  <small>{text}</small>
                </button>
              </li>
            );
          })}
          {cameras.length > 1 && (
            <li>
              <button
                type="button"
                aria-current={layout === 'all' ? 'true' : undefined}
                onClick={choose(() => (state.layout.value = 'all'))}
              >
                <Icon name="grid" />
                <strong>All cameras</strong>
                <small>one moment, what each saw</small>
              </button>
            </li>
          )}
        </ul>
      )}
    </div>
  );
}

function DayChooser(): JSX.Element {
  const day = useValue(() => dayOf(state.at.value, state.zone.value));
  return (
    <div class="days">
      <IconButton icon="previous" name="Previous day" keys="Shift D" onPress={() => stepDay(-1)} />
      <button
        type="button"
        class="button wide"
        title="Calendar (C)"
        onClick={() => (state.dialog.value = 'calendar')}
      >
        <span class="long">{dayText(day)}</span>
        <span class="short">{dayText(day, 'short')}</span>
      </button>
      <IconButton icon="next" name="Next day" keys="D" onPress={() => stepDay(1)} />
    </div>
  );
}

/** Who looks at the past is not moved: what arrived meanwhile waits behind this button. */
function LiveButton(): JSX.Element {
  const isFollowing = useValue(() => state.isFollowing.value);
  const fresh = useValue(() => state.freshFrames.value);
  const isOld = useValue(() => state.oldSince.value !== undefined);
  const isFresh = !isFollowing && fresh > 0;
  const kind = isFollowing ? (isOld ? 'live old' : 'live on') : isFresh ? 'live fresh' : 'live';
  return (
    <button
      type="button"
      class={`button wide ${kind}`}
      title="Newest frame (N)"
      aria-pressed={isFollowing}
      onClick={() => goNewest()}
    >
      <span class="dot" />
      <span role="status">
        {isFollowing ? 'Newest' : isFresh ? countText(fresh, 'new', 'new') : 'Newest'}
      </span>
    </button>
  );
}

function ZoneButton(): JSX.Element {
  const isReader = useValue(() => state.zoneChoice.value === 'reader');
  const offset = useValue(() => state.zone.value(state.at.value));
  return (
    <button
      type="button"
      class="button wide zone"
      aria-pressed={isReader}
      title={`${isReader ? 'Times of this device' : 'Times of the camera'} (Z: change)`}
      onClick={toggleZone}
    >
      <Icon name="zone" />
      <span>
        {isReader ? 'your time' : 'camera time'}, {offsetText(offset)}
      </span>
    </button>
  );
}

export function toggleZone(): void {
  state.zoneChoice.value = state.zoneChoice.value === 'camera' ? 'reader' : 'camera';
}
