/** The page: asks who looks, then shows the cameras. */
import { effect } from '@preact/signals-core';
import { type JSX, render } from 'preact';
import { useEffect } from 'preact/hooks';
import type { SessionAnswer } from '../api-types.js';
import { placeOf } from './address.js';
import { get } from './api.js';
import { Bars } from './bars.js';
import { CameraGrid } from './camera-grid.js';
import { Controls } from './controls.js';
import { Dialogs } from './dialogs.js';
import { followKeys } from './keyboard.js';
import { followLive, loadCameras } from './live.js';
import { Login, NothingYet } from './login.js';
import { applyPlace, followAddress } from './navigation.js';
import { startPlayer } from './player.js';
import { Stage } from './stage.js';
import * as state from './state.js';
import { EventPanel, TimelinePanel } from './timeline-panel.js';
import { TopBar } from './top-bar.js';
import { useValue } from './use-value.js';
import { dayOf, dayText, timeText } from './zone.js';

const retryMs = 3000;

/** Until the server answers, and says who this is. */
async function enter(): Promise<void> {
  try {
    const session = await get<SessionAnswer>('session');
    state.session.value = session;
    state.isLocked.value = session.role === null;
    if (session.role === null) return;
    await loadCameras();
  } catch {
    if (!state.isLocked.value) setTimeout(() => void enter(), retryMs);
  }
}

function App(): JSX.Element | null {
  const isLocked = useValue(() => state.isLocked.value);
  const count = useValue(() => state.cameras.value?.length);
  return (
    <>
      <Bars />
      {isLocked ? (
        <Login onEnter={() => void enter()} />
      ) : count === undefined ? (
        <p class="waiting" role="status">
          Asking the receiver …
        </p>
      ) : (
        <Entered isEmpty={count === 0} />
      )}
    </>
  );
}

/** Follows the server as long as the page is open to the reader. */
function Entered({ isEmpty }: { readonly isEmpty: boolean }): JSX.Element {
  useEffect(() => followLive(), []);
  return isEmpty ? <NothingYet /> : <Viewer />;
}

function Viewer(): JSX.Element {
  const layout = useValue(() => state.layout.value);
  useEffect(() => {
    applyPlace(placeOf(location.hash));
    const ends = [followAddress(), followKeys(), startPlayer(), followTitle()];
    return () => ends.forEach((end) => end());
  }, []);
  return (
    <>
      <TopBar />
      {layout === 'all' ? <CameraGrid /> : <Stage />}
      <Controls />
      <TimelinePanel />
      <EventPanel />
      <Dialogs />
    </>
  );
}

function followTitle(): () => void {
  return effect(() => {
    const { camera, isFollowing, isPlaying, isScrubbing, freshFrames, at, zone } = state;
    const name = camera.value ?? '';
    if (isPlaying.value || isScrubbing.value) return;
    const fresh = freshFrames.value > 0 ? `(${freshFrames.value}) ` : '';
    const moment = `${timeText(at.value, zone.value)}, ${dayText(dayOf(at.value, zone.value), 'short')}`;
    document.title = `${fresh}${name} ${isFollowing.value ? 'now' : moment} · picchanged`;
  });
}

const root = document.getElementById('app');
if (root !== null) {
  render(<App />, root);
  void enter();
}
