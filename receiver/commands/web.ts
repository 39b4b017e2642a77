/** `receiver web`: the viewer of a captures directory, as a program of its own. */
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { duration, path } from '../../shared/cli/value-types.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { reportFindings } from '../../shared/setup/doctor/report.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { writeRunningVersion } from '../../shared/setup/running-version.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { IdleWatch } from '../listen/idle-watch.js';
import { passedSockets } from '../listen/passed-sockets.js';
import { placeFor, placeSettings } from '../setup/installed.js';
import { capturesPlace } from '../store/s3/s3-address.js';
import { askToKeep } from '../web/control/ask-to-keep.js';
import { checkViewer } from '../web/check-viewer.js';
import { keepInStore, wishByFile } from '../web/keep-frames.js';
import { openViewer } from '../web/open-viewer.js';
import { webOptions } from '../web/web-options.js';
import { readMetricsToken } from './metrics.js';
import { readRecords } from './read-records.js';

export const webProgram = {
  name: 'receiver',
  table: {
    dir: value(
      capturesPlace,
      'Captures directory, or bucket: s3://BUCKET/PREFIX. Without it: that of the installed receiver.',
    ),
    ...webOptions,
    idleExit: value(
      duration({ maxMs: 86_400_000 }),
      'Exit after this time without a connection, for a viewer that systemd starts. 0: never.',
      '0',
    ),
    json: flag(
      'Print a line of JSON on standard output when the viewer is ready; with --check, the findings.',
    ),
    control: value(
      path('DIR'),
      'Folder of picchanged-web.service: sessions, and requests to keep frames, since it writes nothing into the captures.',
    ),
    check: flag('Check whether this user can read captures and passwords; show nothing, and end.'),
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    verbose: flag('Also log each request.'),
    ...mirrorOptions,
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver web [--dir DIR] [--web [ADDRESS:]PORT] …

Shows what the cameras saw, in a browser: the frames, the time line of each day, and its events. Without --web: the
socket that systemd passed, else port 8080 of this machine only.

`;

/** @throws {UsageError} @throws {OperationalError} STORE, LISTEN, WEB */
export const run = defineCommand({
  program: webProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const options = optionsWith(await placeSettings(scope));
    const signal = abortOnSignals();
    const log = openLog('web', options.verbose, env, systemClock);
    await writeRunningVersion(env, log);
    const place = await placeFor(options.dir, scope);
    const { control } = options;
    const records = await readRecords(place, options, { env, clock: systemClock, log });
    const { directory, bucket } = records;
    const cachePath = bucket === undefined ? env.CACHE_DIRECTORY : undefined;
    if (options.check) {
      const { webPasswordFile: passwordFile } = options;
      const findings = await checkViewer({ directory, passwordFile, control, cachePath });
      await records.close();
      reportFindings(findings, options.json, env);
      return;
    }
    const idle = new IdleWatch(options.idleExit, signal);
    const viewer = await openViewer(
      {
        ...{ directory, address: options.web, passed: passedSockets(env, process.pid) },
        ...{ hosts: options.webHost, cachePath, bucket },
        ...{ passwordFile: options.webPasswordFile, proxies: options.webProxy },
        metricsToken: await readMetricsToken(options.metricsTokenFile),
        sessionFile: control && join(control, 'sessions', 'sessions.json'),
        keep: async (wish) => {
          if (control === undefined) {
            return await keepInStore(directory, wish, systemClock, bucket?.client);
          }
          const named = bucket === undefined ? wish : await wishByFile(directory, wish);
          return await askToKeep(control, named, systemClock);
        },
        onConnections: (count) => idle.note(count),
      },
      { clock: systemClock, log },
    );
    if (options.json) {
      writeTo(1, `${JSON.stringify({ event: 'listening', viewers: viewer.addresses })}\n`);
    }
    log.info('showing frames', { dir: place, at: viewer.addresses.join(' ') });
    await idle.over;
    await viewer.close();
    await records.close();
  },
});
