/** Keeps the address in step with what is shown, so that it can be bookmarked and gone back to. */
import { effect } from '@preact/signals-core';
import { type Place, addressOf, placeOf } from './address.js';
import * as state from './state.js';
import { spanOf } from './time-scale.js';
import { goNewest, jump, setJumpListener, viewFor } from './viewer.js';

/** Browsers refuse an address that changes too often. */
const restMs = 300;

function placeNow(): Place {
  return {
    camera: state.camera.value ?? null,
    at: state.isFollowing.value ? null : Math.round(state.at.value),
    span: spanOf(state.view.value),
    zone: state.zoneChoice.value,
    boxes: state.showsBoxes.value,
    view: state.layout.value,
  };
}

/** Shows what an address says. @returns false: no camera is known */
export function applyPlace(place: Place): boolean {
  const known = state.cameras.value ?? [];
  const found = known.find(({ camera }) => camera === place.camera) ?? known[0];
  if (found === undefined) return false;
  if (state.camera.value !== found.camera) state.frame.value = undefined;
  state.camera.value = found.camera;
  state.zoneChoice.value = place.zone;
  state.showsBoxes.value = place.boxes;
  state.layout.value = place.view;
  viewFor(place.at ?? found.newest?.at ?? state.now(), place.span);
  if (place.at === null) goNewest(false);
  else jump(place.at);
  return true;
}

export function followAddress(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The next address is a new entry of the history. */
  let isNew = false;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const address = addressOf(placeNow());
    if (address !== location.hash && !(address === '#' && location.hash === '')) {
      if (isNew) history.pushState(null, '', address);
      else history.replaceState(null, '', address);
    }
    isNew = false;
  };
  let isApplying = false;
  setJumpListener(() => {
    if (isApplying) return;
    if (timer !== undefined) write();
    isNew = true;
  });
  const end = effect(() => {
    placeNow();
    clearTimeout(timer);
    timer = setTimeout(write, restMs);
  });
  const goBack = (): void => {
    clearTimeout(timer);
    timer = undefined;
    isNew = false;
    isApplying = true;
    applyPlace(placeOf(location.hash));
    isApplying = false;
  };
  addEventListener('popstate', goBack);
  return () => {
    end();
    clearTimeout(timer);
    removeEventListener('popstate', goBack);
  };
}
