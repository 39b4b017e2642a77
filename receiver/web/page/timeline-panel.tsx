/** The time line with its legend and the small picture under the pointer, and the strip of events. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { EventStrip } from './event-strip.js';
import { stripStep } from './film-tiles.js';
import * as state from './state.js';
import { stateAt } from './marks.js';
import { spanOf } from './time-scale.js';
import { TimelineView, hover } from './timeline-view.js';
import { useValue } from './use-value.js';
import { events, film, timelines } from './viewer.js';
import { stateText } from './words.js';
import { dayOf, dayText, timeText } from './zone.js';

const previewWidth = 208;

export function TimelinePanel(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const view = new TimelineView(canvas.current);
    return () => view.close();
  }, []);
  const range = useValue(() => state.view.value);
  const at = useValue(() => state.at.value);
  const text = useValue(() => {
    const { at: moment, zone, momentState, frame } = state;
    const shown = frame.value;
    const isOnFrame = shown !== undefined && Math.abs(shown.at - moment.value) < 1000;
    const words =
      isOnFrame && shown.changed === true ? 'change' : stateText(momentState.value ?? undefined);
    const day = dayText(dayOf(moment.value, zone.value));
    return `${timeText(moment.value, zone.value)}, ${words}, ${day}`;
  });
  return (
    <section class="timeline" aria-label="Time line">
      <div
        class="slider"
        role="slider"
        tabIndex={0}
        aria-label="Moment"
        aria-valuemin={Math.round(range.from)}
        aria-valuemax={Math.round(range.to)}
        aria-valuenow={Math.round(at)}
        aria-valuetext={text}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
      <Preview />
      <Legend />
    </section>
  );
}

function Preview(): JSX.Element | null {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const under = useValue(() => hover.value);
  const zone = useValue(() => state.zone.value);
  const arrived = useValue(() => film.arrived.value);
  const words = useValue(() => hoverWords());
  const name = state.camera.value;
  const step = stripStep(spanOf(state.view.value));
  const small =
    under === undefined || name === undefined ? undefined : film.at(name, under.at, step);
  useEffect(() => {
    const [element, context] = [box.current, canvas.current?.getContext('2d') ?? undefined];
    if (under === undefined || element === null) return;
    const width = element.parentElement?.clientWidth ?? 0;
    const left = Math.min(width - previewWidth - 4, Math.max(4, under.x - previewWidth / 2));
    element.style.transform = `translateX(${Math.round(left)}px)`;
    if (small === undefined || canvas.current === null || context === undefined) return;
    const { bitmap, part } = small;
    [canvas.current.width, canvas.current.height] = [part.width, part.height];
    context.drawImage(
      bitmap,
      part.x,
      part.y,
      part.width,
      part.height,
      0,
      0,
      part.width,
      part.height,
    );
  }, [under, arrived, small]);
  if (under === undefined) return null;
  return (
    <div class="preview" ref={box} aria-hidden="true">
      <canvas ref={canvas} hidden={small === undefined} />
      <p>
        <time>{timeText(under.at, zone)}</time> {words}
      </p>
    </div>
  );
}

function hoverWords(): string {
  const [under, name] = [hover.value, state.camera.value];
  if (under === undefined || name === undefined) return '';
  // A short event is less than a step of the time line.
  const isInEvent = events
    .around(name, under.at)
    .some(({ first, last }) => first <= under.at && under.at <= last);
  if (isInEvent) return 'change';
  const answers = timelines.of(name, state.view.value).toReversed();
  const found = answers.map(({ states }) => stateAt(states, under.at)).find((each) => each);
  return found === undefined ? '' : stateText(found);
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <span class="key quiet" /> watched, quiet
      </li>
      <li>
        <span class="key change" /> changed (higher: stronger)
      </li>
      <li>
        <span class="key gap" /> not watched
      </li>
      <li>
        <span class="key unknown" /> unknown: no link
      </li>
    </ul>
  );
}

export function EventPanel(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const strip = new EventStrip(box.current);
    return () => strip.close();
  }, []);
  return (
    <section class="events" aria-label="Events">
      <div class="strip" ref={box} />
      <p class="none">No events around this moment.</p>
    </section>
  );
}
