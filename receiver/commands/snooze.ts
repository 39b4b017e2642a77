/** `receiver snooze CAMERA DURATION`: nothing is announced of a camera for a while. */
import { systemClock } from '../../shared/clock.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { flag } from '../../shared/cli/option-table.js';
import { duration } from '../../shared/cli/value-types.js';
import { manifestPath, readManifest } from '../../shared/setup/install/manifest.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import { naturalOrder } from '../../shared/natural-order.js';
import { cameraPattern } from '../archive/frame-entry.js';
import { notifyOptions } from '../notify/notify-options.js';
import {
  defaultNotifyState,
  makeNotifyDirectory,
  readNotifyState,
} from '../notify/notify-state.js';
import { snooze } from '../notify/snooze.js';
import { notifyState } from '../setup/install/notify-plan.js';
import { notifyService } from '../setup/units.js';

export const snoozeProgram = {
  name: 'receiver',
  table: {
    state: notifyOptions.state,
    user: flag("The notices of this user's systemd instance, not the system's."),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver snooze CAMERA DURATION|off

Announces nothing of CAMERA for that time: no event, and no silence. An event that still goes on, or a camera that is still
silent, is announced then. The frames are stored as ever. With off, it ends at once.

`;

const time = duration({ minMs: 1000, maxMs: 30 * 86_400_000 });

/** @throws {UsageError} @throws {OperationalError} STATE */
export const run = defineCommand({
  program: snoozeProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals: [camera, text, ...more], env }) {
    if (camera === undefined || text === undefined || more.length > 0) {
      throw new UsageError(
        'receiver snooze needs CAMERA and DURATION, as in: snooze frontdoor 30m',
      );
    }
    if (!cameraPattern.test(camera))
      throw new UsageError(`'${camera}' is not the name of a camera`);
    const nowMs = systemClock.nowMs();
    const untilMs = text === 'off' ? undefined : nowMs + parseTime(text);
    const scope = scopeFor(options.user, env);
    const state = options.state ?? (await installedState(scope)) ?? defaultNotifyState(env);
    await makeNotifyDirectory(state);
    const known = await snooze(state, camera, untilMs, nowMs)
      .then(() => knownCameras(state))
      .catch((cause: unknown) => {
        if (systemCode(cause) === undefined) throw cause;
        const hint = options.user ? 'look at its disk and owner' : 'run the command with sudo';
        throw new OperationalError('STATE', `cannot snooze ${camera} in ${state}`, { cause, hint });
      });
    const isUnknown = untilMs !== undefined && known !== undefined && !known.includes(camera);
    const said =
      untilMs === undefined
        ? `${camera} is announced again`
        : `nothing of ${camera} is announced until ${new Date(untilMs).toISOString()}`;
    const note = `no camera ${camera} has sent anything; cameras: ${known?.join(' ') || 'none'}`;
    writeTo(1, `${said}\n${isUnknown ? `note: ${note}\n` : ''}`);
  },
});

/** @returns undefined: no notifier has run with this state, or its file cannot be used */
async function knownCameras(state: string): Promise<readonly string[] | undefined> {
  const saved = await readNotifyState(state);
  if (saved === undefined || 'unusable' in saved) return undefined;
  return Object.keys(saved.book.cameras).sort(naturalOrder);
}

/** @returns undefined: the system has no service for it */
async function installedState(scope: Scope): Promise<string | undefined> {
  if (scope.isUser) return undefined;
  const manifest = await readManifest(manifestPath(scope, 'receiver'));
  return manifest?.units.includes(notifyService) === true ? notifyState : undefined;
}

function parseTime(text: string): number {
  try {
    return time.parse(text);
  } catch (cause) {
    throw new UsageError(`'${text}' is no time to snooze`, { cause });
  }
}
