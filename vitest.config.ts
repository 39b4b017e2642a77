import { readFileSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * One file at a time: tests that flood a receiver, of what it serves beside that; of a fleet under faults, each of whose
 * parts has deadlines; of udev, whose events each lab gets.
 */
const alone = [
  'test/{fuzz,hostile}/**/*.test.ts',
  'test/fleet/faults.test.ts',
  'test/integration/floods.test.ts',
  'test/systemd/webcam-rule.test.ts',
];

/** Long runs, in a process each. A lab has its own network, folders and control groups; a fleet its own ports. */
const long = [
  'test/{browser,faults,fleet,systemd}/**/*.test.ts',
  'test/integration/receiver-faults.test.ts',
];

/** Tests that replace a module: no other file may have loaded it in their process. */
const replacesModules = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith('.test.ts') && readFileSync(name, 'utf8').includes('vi.mock('));

/** Patterns of tests that a tier of .ci/test.mjs leaves out. */
const leftOut = (process.env.TESTS_LEFT_OUT ?? '').split(' ').filter((pattern) => pattern !== '');

// They end what hangs. No test asserts on time: a loaded machine may be ten times slower than a quiet one.
const timeouts = {
  ...{ testTimeout: 300_000, hookTimeout: 300_000 },
  // Of vitest: one second.
  expect: { poll: { timeout: 60_000 } },
};

/** For all. A CommonJS package is imported as by Node and in the bundle: its default export is its `module.exports`. */
const common = { ...timeouts, deps: { interopDefault: false } };

/** More than the two cores that are expected: most of these tests wait for processes and timers. */
const sideBySide = { maxWorkers: 3, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    reporters: [process.env.CI ? 'verbose' : 'default', './.ci/part-times.mjs'],
    // Those of one group share its processes, in the order of their names: short files fill the gaps that long ones leave.
    projects: [
      {
        test: {
          ...common,
          ...sideBySide,
          name: 'long',
          include: long,
          exclude: [...alone, ...leftOut],
        },
      },
      {
        test: {
          ...common,
          ...sideBySide,
          name: 'own process',
          include: replacesModules,
          exclude: leftOut,
        },
      },
      {
        test: {
          ...common,
          ...sideBySide,
          name: 'side by side',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...long, ...replacesModules, ...leftOut],
          // Few processes for all files: one for each file takes a third of a second to start.
          isolate: false,
          setupFiles: 'test/support/nothing-left.ts',
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: alone,
          exclude: leftOut,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
