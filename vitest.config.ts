import { readFileSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Tests that load the machine or measure what a process takes: one file at a time. */
const loadsTheMachine = [
  ...['faults', 'fleet', 'fuzz', 'hostile', 'systemd'].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  'test/integration/{floods,receiver-faults}.test.ts',
];

/** Long runs that wait as much as they work: two at a time. A lab has its own network, folders and control groups. */
const long = [
  'test/faults/{mutations,disk-mutations,old-version,errno,faults,failed-flush,power-cut,archive-power-cut}.test.ts',
  'test/browser/*.test.ts',
  'test/systemd/{bucket,fleet-unit,consume,ip-camera,install,pairing,sandbox,web,examples,units,lab,retention,states,settings,web-install,notify,mqtt,package,package-npm,package-upgrade}.test.ts',
];

/** Tests that replace a module: no other file may have loaded it in their process. */
const replacesModules = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith('.test.ts') && readFileSync(name, 'utf8').includes('vi.mock('));

/** Patterns of tests that a tier of .ci/test.mjs leaves out. */
const leftOut = (process.env.TESTS_LEFT_OUT ?? '').split(' ').filter((pattern) => pattern !== '');

// Real processes and real fswebcam on a loaded two-core machine: generous, and no test asserts on time.
const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };

/** For all. A CommonJS package is imported as by Node and in the bundle: its default export is its `module.exports`. */
const common = { ...timeouts, deps: { interopDefault: false } };

/** More than the two cores that are expected: most of these tests wait for processes and timers. */
const waiting = 3;

export default defineConfig({
  test: {
    reporters: [process.env.CI ? 'verbose' : 'default', './.ci/part-times.mjs'],
    projects: [
      {
        test: {
          ...common,
          name: 'side by side',
          include: ['test/**/*.test.ts'],
          exclude: [...loadsTheMachine, ...long, ...replacesModules, ...leftOut],
          // Few processes for all files: one for each file takes a third of a second to start.
          isolate: false,
          maxWorkers: waiting,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'own process',
          include: replacesModules,
          exclude: leftOut,
          maxWorkers: waiting,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: loadsTheMachine,
          exclude: [...long, ...leftOut],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...common,
          name: 'two at a time',
          include: long,
          exclude: leftOut,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
