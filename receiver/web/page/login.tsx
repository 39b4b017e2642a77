/** The way in, and what to type while there is nothing to see. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, post } from './api.js';
import * as state from './state.js';
import { useValue } from './use-value.js';

export function Login({ onEnter }: { readonly onEnter: () => void }): JSX.Element {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const isUnencrypted = useValue(() => state.session.value?.isUnencrypted === true);
  const enter = async (): Promise<void> => {
    setBusy(true);
    try {
      await post('session', { name, password });
      state.isLocked.value = false;
      onEnter();
    } catch (error) {
      const isRefused = error instanceof ApiError && error.code === 'password-needed';
      const sentence = error instanceof Error ? error.message : String(error);
      setProblem(isRefused ? 'This name and password do not open this viewer.' : sentence);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="way-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <h1>picchanged</h1>
        <label>
          Name
          <input
            autocomplete="username"
            required
            autofocus
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'One moment …' : 'Enter'}
        </button>
        <p role="alert">{problem}</p>
        {isUnencrypted && (
          <p class="warn">
            This connection is unencrypted: the password and the pictures can be read on the way.
          </p>
        )}
      </form>
    </main>
  );
}

export function NothingYet(): JSX.Element {
  return (
    <main class="way-in">
      <div class="empty">
        <h1>No pictures yet</h1>
        <p>At the machine with the camera, type:</p>
        <pre>
          <code>agent --host {location.hostname}:4444</code>
        </pre>
        <p>
          4444 is the port of a receiver without <code>--listen</code>. The first picture appears
          here by itself.
        </p>
        <p class="hint">
          No camera at hand? <code>agent --host {location.hostname}:4444 --source scene</code> sends
          a drawn yard.
        </p>
      </div>
    </main>
  );
}
