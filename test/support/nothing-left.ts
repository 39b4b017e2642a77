/**
 * Loaded before each test file of a process that runs several: what a file leaves behind fails that file, not whichever
 * one comes after it.
 */
import { afterAll, beforeAll, expect, vi } from 'vitest';

/** Globals of libraries, set when they are loaded first: by MQTT.js. */
const ofLibraries = new Set(['regeneratorRuntime']);

/** What the files of one process share, by names. */
function sharedState(): Map<string, unknown> {
  const variables = Object.entries(process.env).map(([name, value]): [string, unknown] => [
    `the environment variable ${name}`,
    value,
  ]);
  const globals = Object.getOwnPropertyNames(globalThis)
    .filter((name) => !ofLibraries.has(name))
    .map((name): [string, unknown] => [`the global ${name}`, true]);
  const umask = process.umask(0o022);
  process.umask(umask);
  return new Map<string, unknown>([
    ...variables,
    ...globals,
    ['fetch', globalThis.fetch],
    ['the clock', Date.now],
    ['the timers', vi.isFakeTimers()],
    ['the umask', umask],
    ['the working directory', process.cwd()],
  ]);
}

let before = new Map<string, unknown>();

beforeAll(() => {
  before = sharedState();
});

afterAll(() => {
  // A file may replace a method for all of its tests.
  vi.restoreAllMocks();
  const after = sharedState();
  vi.useRealTimers();
  const names = new Set([...before.keys(), ...after.keys()]);
  const changed = [...names].filter((name) => before.get(name) !== after.get(name));
  expect(changed, 'what this file has changed for the files after it').toEqual([]);
});
