/** `receiver notify`: announces events and silent cameras, by programs, by HTTP and by MQTT. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { type OptionValues, flag, value } from '../../shared/cli/option-table.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { runTool } from '../../shared/process/run-tool.js';
import { lookAsService } from '../../shared/setup/doctor/service-user.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { writeRunningVersion } from '../../shared/setup/running-version.js';
import { openCaptures } from '../archive/captures-reader.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { metricsOptions, metricsTokenOptions } from '../metrics/metrics-options.js';
import type { Way } from '../notify/notice-queue.js';
import { testNotice } from '../notify/test-notice.js';
import { tryWays } from '../notify/notifier.js';
import { notifyOptions } from '../notify/notify-options.js';
import { defaultNotifyState } from '../notify/notify-state.js';
import { notifyService } from '../setup/units.js';
import { placeFor, placeSettings } from '../setup/installed.js';
import { capturesPlace, isBucketText } from '../store/s3/s3-address.js';
import { withS3Credentials } from '../store/s3/s3-credentials.js';
import { metricsFor } from './metrics.js';
import { someWays } from './notice-ways.js';
import { mqttTrials } from './notify-mqtt.js';
import { openNotifier, waysOf } from './notifier.js';
import { readRecords } from './read-records.js';

export const notifyProgram = {
  name: 'receiver',
  table: {
    dir: value(
      capturesPlace,
      'Captures directory, or bucket: s3://BUCKET/PREFIX. Without it: that of the installed receiver.',
    ),
    ...notifyOptions,
    ...metricsOptions,
    ...metricsTokenOptions,
    test: flag(
      'Send one notice to each program and address, say which took it, and end. The settings of the installed notices apply.',
    ),
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    verbose: flag('Also log when more is seen of what was announced.'),
    ...mirrorOptions,
    help: flag('Show this help.'),
  },
} as const;

type Options = OptionValues<typeof notifyProgram.table>;

const usage = `receiver notify [--dir DIR] [--on-event COMMAND] [--notify URL] [--mqtt URL] …

Announces each event once when it begins and once when it has ended, and each camera that falls silent and is back. What
arrives late is announced as one summary. Reads the captures directory only: no receiver waits for it.

`;

/** @throws {UsageError} @throws {OperationalError} STORE, STATE, OUTPUT */
export const run = defineCommand({
  program: notifyProgram,
  usage,
  async run({ options: { user, test: isTest }, env, optionsWith }) {
    restrictNewFiles(0o077);
    const scope = scopeFor(user, env);
    const installed = isTest ? (await readInstalledSettings(scope, 'notify')).variables : {};
    const options = optionsWith({ ...(await placeSettings(scope)), ...installed });
    const signal = abortOnSignals();
    const log = openLog('notify', options.verbose, env, systemClock);
    const place = await placeFor(options.dir, scope);
    // With the rights of the service, which must be able to read its files.
    if (isTest) {
      await test(place, options, { user, env, log, signal });
      return;
    }
    await writeRunningVersion(env, log);
    const records = await readRecords(place, options, { env, clock: systemClock, log });
    const captures = await openCaptures(records.directory, 'notify');
    const ways = await waysOf(options, records, systemClock);
    if (ways.length === 0 && options.mqtt === undefined && options.metrics === undefined) {
      throw silent();
    }
    // The notifier opens it for each look.
    await captures.close();
    const state = options.state ?? defaultNotifyState(env);
    const parts = { clock: systemClock, log };
    const announce = await openNotifier(options, { ...records, ways, state }, parts);
    const metrics = await metricsFor(options, records, parts);
    await announce(signal);
    await metrics?.close();
    await records.close();
  },
});

const silent = (): UsageError =>
  new UsageError('nothing says how to announce', {
    hint: `give ${someWays}`,
  });

interface TestParts {
  readonly user: boolean;
  readonly env: Environment;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** @throws {UsageError} @throws {OperationalError} STORE, KEYS, OUTPUT */
async function test(
  place: string,
  options: Options,
  { user, env, log, signal }: TestParts,
): Promise<void> {
  const isBucket = isBucketText(place);
  // Root alone reads the keys.
  const variables = isBucket ? await withS3Credentials({ file: options.s3Credentials, env }) : env;
  const bucketOptions = isBucket ? { ...options, s3Credentials: undefined } : options;
  // With the rights of the service, which must be able to read its files.
  if (!user) await lookAsService(runTool, [notifyService], 'sudo receiver notify --test');
  const made =
    isBucket && options.cache === undefined
      ? await mkdtemp(join(tmpdir(), 'picchanged-'))
      : undefined;
  try {
    const records = await readRecords(
      place,
      { ...bucketOptions, cache: made ?? options.cache },
      { env: variables, clock: systemClock, log },
    );
    try {
      const ways = await waysOf(options, records, systemClock);
      if (ways.length === 0 && options.mqtt === undefined) throw silent();
      const captures = await openCaptures(records.directory, 'notify');
      try {
        await tryAll([...ways, ...(await mqttTrials(options))], captures, signal);
      } finally {
        await captures.close();
      }
    } finally {
      await records.close();
    }
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}

async function tryAll(
  ways: readonly Way[],
  captures: Awaited<ReturnType<typeof openCaptures>>,
  signal: AbortSignal,
): Promise<void> {
  const results = await tryWays(ways, await testNotice(captures, systemClock.nowMs()), signal);
  for (const [{ name }, failure] of results) {
    const text = failure?.startsWith(name) === true ? failure : `${name}: ${failure}`;
    writeTo(1, failure === undefined ? `ok     ${name}\n` : `fault  ${text}\n`);
  }
  const failed = results.filter(([, failure]) => failure !== undefined).length;
  if (failed > 0)
    throw new OperationalError('OUTPUT', `${failed} of ${ways.length} took no notice`);
}
