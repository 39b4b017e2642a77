/** Dialogs: the keys, a moment to go to, and the frame around them. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Calendar } from './calendar.js';
import { Icon } from './icons.js';
import { keyHelp } from './key-map.js';
import * as state from './state.js';
import { useValue } from './use-value.js';
import { jump, viewFor } from './viewer.js';
import { spanOf } from './time-scale.js';
import { dayOf, momentOf, timeText } from './zone.js';

export function Dialogs(): JSX.Element | null {
  const open = useValue(() => state.dialog.value);
  if (open === 'help') return <Help />;
  if (open === 'go') return <GoTo />;
  if (open === 'calendar') {
    return (
      <Frame title="Calendar">
        <Calendar />
      </Frame>
    );
  }
  return null;
}

/** The browser keeps the focus inside, and gives it back. */
function Frame(props: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = box.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const close = (): void => void (state.dialog.value = null);
  return (
    <dialog
      ref={box}
      aria-label={props.title}
      onClose={({ currentTarget }) => {
        // One that was removed says so late: another one may be open.
        if (currentTarget.isConnected) close();
      }}
      onClick={(event) => {
        // Beside the dialog, on its backdrop.
        if (event.target === box.current) close();
      }}
    >
      <div class="sheet">
        <header>
          <h2>{props.title}</h2>
          <button
            type="button"
            class="button"
            aria-label="Close"
            title="Close (Esc)"
            onClick={close}
          >
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

function Help(): JSX.Element {
  return (
    <Frame title="Keys">
      <dl class="keys">
        {keyHelp.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key.replace(',', '')}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Time line: wheel or pinch zooms, drag scrubs, drag the hours to move. Picture: wheel or
        pinch zooms, drag moves, double click for the whole; swipe for events.
      </p>
    </Frame>
  );
}

function GoTo(): JSX.Element {
  const zone = state.zone.peek();
  const at = state.at.peek();
  const [day, setDay] = useState(dayOf(at, zone));
  const [time, setTime] = useState(timeText(at, zone));
  const [isWrong, setWrong] = useState(false);
  const go = (event: Event): void => {
    event.preventDefault();
    const moment = momentOf(day, time, zone);
    setWrong(moment === undefined);
    if (moment === undefined) return;
    state.dialog.value = null;
    const span = spanOf(state.view.value);
    jump(moment);
    viewFor(moment, span);
  };
  return (
    <Frame title="Go to a moment">
      <form class="go" onSubmit={go}>
        <label>
          Day
          <input
            type="date"
            value={day}
            required
            onInput={({ currentTarget }) => setDay(currentTarget.value)}
          />
        </label>
        <label>
          Time
          <input
            type="time"
            step="1"
            value={time}
            required
            autofocus
            onInput={({ currentTarget }) => setTime(currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Go
        </button>
        {isWrong && <p role="alert">That is no day and time.</p>}
      </form>
    </Frame>
  );
}
