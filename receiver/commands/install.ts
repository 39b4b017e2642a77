/** `receiver install`: installs the receiver as a service of this machine, with the given flags as its settings. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { formatAddress } from '../../shared/cli/address.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { type GivenSettings, givenSettings } from '../../shared/setup/install/given-settings.js';
import { refuseFaults } from '../../shared/setup/config/installed-check.js';
import { runInstall } from '../../shared/setup/install/install-run.js';
import { lingerNotes } from '../../shared/setup/install/linger.js';
import { ownPackage } from '../../shared/setup/install/package-root.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import {
  type InstalledSettings,
  readInstalledSettings,
} from '../../shared/setup/install/settings.js';
import { installedKeysPath } from '../access/keys/keys-path.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { requirePlace } from '../setup/installed.js';
import { capturesOwner } from '../setup/install/captures-owner.js';
import { installOptions } from '../setup/install/install-options.js';
import { installedSocket } from '../setup/install/installed-socket.js';
import { type RetentionDefaults, retentionDefaults } from '../setup/install/retention-defaults.js';
import { receiverPlan, serviceUser } from '../setup/install/receiver-plan.js';
import { shippedDirectory } from '../setup/install/service-folders.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { beginBucket, bucketToInstall, withoutBucketSettings } from './install-bucket.js';
import { installWebOptions, webToInstall } from './install-web.js';
import { notifyToInstall } from './install-notify.js';
import { notifySettings, receiverSettings, refusedAtInstall, refusedInSystem } from './settings.js';

const program = {
  name: 'receiver',
  table: { ...receiverProgram.table, ...installOptions, ...installWebOptions, ...notifySettings },
} as const;

const { dir, listen, ...others } = receiverProgram.table;
const otherOptions = Object.fromEntries(
  Object.entries(others).filter(
    ([key]) => !Object.hasOwn(installWebOptions, key) && !Object.hasOwn(notifySettings, key),
  ),
);

const usage = `receiver install --dir DIR [--listen [ADDRESS:]PORT] [--accept] [--web [ADDRESS:]PORT] …

Installs the receiver as a service that systemd starts when a camera connects: writes its units and its settings,
creates its user, and opens the port. The service runs as the owner of DIR; if that is root, as user surveillance.
--web also installs the viewer (docs/viewer.md), and --notify, --mqtt or --on-event the notices (docs/notify.md).
All other flags of the receiver are accepted too and become settings.
Run it again to change settings: those that are not given stay as they are, and an empty value, as --max-age= or
--max-age none, takes one back. receiver uninstall removes everything that was installed.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export const run = defineCommand({
  program,
  usage,
  shown: { dir, listen, ...installWebOptions, ...notifySettings, ...installOptions },
  // The environment of this shell is not for the service.
  readsEnvironment: false,
  async run({ options, supplied, argv, env, optionsWith }) {
    const scope = scopeFor(options.user, env);
    const settings = givenSettings({
      program: 'receiver',
      table: otherOptions,
      supplied,
      refused: scope.isUser ? refusedAtInstall : { ...refusedAtInstall, ...refusedInSystem },
      paths: ['keys', 's3Credentials'],
      scope,
    });
    const before = await readInstalledSettings(scope, 'receiver');
    refuseFaults(before, settings, receiverSettings);
    const installed = before.variables;
    // A flag that is taken back, as --keys=, means the default and not what is installed.
    const kept = (key: string, value: string | undefined): string | undefined =>
      supplied.has(key) ? undefined : value;
    const place = requirePlace(
      options.dir ??
        (kept('dir', installed.RECEIVER_DIR) || (scope.isUser ? undefined : shippedDirectory)),
    );
    const isBucket = isBucketText(place);
    // Of a service with a bucket, for its keys.
    const absolute = isBucket ? shippedDirectory : absolutePath(place, scope.isUser);
    const isServiceFolder = scope.isUser || absolute === shippedDirectory;
    const socket = await installedSocket(scope);
    const listen = options.listen.map(({ address, port }) =>
      address === undefined ? String(port) : formatAddress(address, port),
    );
    const isAccept = supplied.has('accept') ? options.accept : (socket?.isAccept ?? false);
    const { bucket, defaults } = isBucket
      ? await bucketToInstall({ place, scope, isAccept, given: settings, installed })
      : { bucket: undefined, defaults: ofDirectory(absolute, before, settings, scope) };
    const owner = isServiceFolder ? undefined : await capturesOwner(absolute, serviceUser, runTool);
    const mayBegin = !options.dryRun && (scope.isUser || process.geteuid?.() === 0);
    const bucketNotes =
      isBucket && mayBegin ? await beginBucket(place, optionsWith(installed), scope) : [];
    const receiverListen = supplied.has('listen') ? listen : (socket?.listen ?? []);
    const plan = await receiverPlan({
      directory: absolute,
      bucket,
      owner,
      keys:
        settings.RECEIVER_KEYS ??
        (kept('keys', installed.RECEIVER_KEYS) || installedKeysPath(scope, env)),
      isAccept,
      listen: receiverListen,
      settings: { ...settings, ...defaults.settings },
      isLimited: defaults.isLimited,
      web: await webToInstall({
        ...{ listen: options.web, supplied, scope, receiverListen, captures: absolute },
        ...{ user: owner ?? serviceUser, run: runTool },
        mayRead: scope.isUser || process.geteuid?.() === 0,
      }),
      notify: await notifyToInstall(supplied, {
        ...{ captures: absolute, user: owner ?? serviceUser, scope, run: runTool },
      }),
      notes: [
        ...(await lingerNotes(runTool, scope.isUser)),
        ...defaults.notes,
        ...bucketNotes,
        ...movedNotes(
          installed.RECEIVER_DIR,
          isBucket ? place : absolute,
          scope.isUser ? '' : `sudo -u ${owner ?? serviceUser} `,
        ),
      ],
      package: ownPackage(),
      scope,
      hostName: hostname(),
    });
    await runInstall(plan, argv, options, runTool);
  },
});

function ofDirectory(
  directory: string,
  { status, variables }: InstalledSettings,
  given: GivenSettings,
  { isUser }: Scope,
): RetentionDefaults {
  const defaults = retentionDefaults({
    ...{ directory, given },
    installed: status === 'missing' ? undefined : variables,
    install: isUser ? 'receiver install --user' : 'sudo receiver install',
  });
  return { ...defaults, settings: { ...withoutBucketSettings(given), ...defaults.settings } };
}

/** @param before where the installed receiver stores @param now where it will @param by whom the files are to belong to */
function movedNotes(before: string | undefined, now: string, by: string): readonly string[] {
  if (before === undefined || before === now) return [];
  const how = [before, now].some(isBucketText)
    ? 'docs/fleet.md says how to copy them'
    : `to copy them: ${by}receiver copy '${before}' '${now}'`;
  return [`older frames stay in ${before}; ${how}`];
}

function absolutePath(directory: string, isUser: boolean): string {
  const absolute = resolve(directory);
  if (/\p{Cc}/u.test(absolute)) {
    throw new UsageError(`--dir ${JSON.stringify(absolute)} contains a control character`);
  }
  if (!isUser && /^\/(?:var\/)?tmp(?:\/|$)/.test(absolute)) {
    throw new UsageError(`--dir ${absolute}: a service has its own private /tmp`, {
      hint: 'choose a permanent folder, such as /srv/captures',
    });
  }
  if (/^\/(?:home|root|home\/[^/]+)?$/.test(absolute)) {
    throw new UsageError(`--dir ${absolute} is not a folder for captures only`, {
      hint: 'choose one, such as /srv/captures',
    });
  }
  return absolute;
}
