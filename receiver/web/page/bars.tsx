/** Lines across the page that matter at once: the server is away, the connection is unencrypted. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import * as state from './state.js';
import { useValue } from './use-value.js';
import { readerZone, timeText } from './zone.js';

export function Bars(): JSX.Element {
  const downSince = useValue(() => state.downSince.value);
  const isUnencrypted = useValue(
    () => state.session.value?.isUnencrypted === true && !state.isLocked.value,
  );
  const message = useValue(() => state.message.value);
  const [isRead, setRead] = useState(false);
  return (
    <>
      <div role="alert" class="bars">
        {downSince !== null && (
          <p class="bar bad">
            <span class="pulse" />
            The server does not answer since {timeText(downSince, readerZone)} (your time). This
            page tries again by itself; what it shows may be old.
          </p>
        )}
      </div>
      {isUnencrypted && !isRead && (
        <p class="bar warn">
          This connection is unencrypted: the password and the pictures can be read on the way.
          <button type="button" class="link" onClick={() => setRead(true)}>
            Hide
          </button>
        </p>
      )}
      <div role="status" class="toast">
        {message !== undefined && <p>{message}</p>}
      </div>
    </>
  );
}
