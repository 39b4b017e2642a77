/** `receiver install`: the receiver as a service of this machine, with the settings that are typed. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { formatAddress } from '../../shared/cli/address.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { givenSettings } from '../../shared/setup/install/given-settings.js';
import { runInstall } from '../../shared/setup/install/install-run.js';
import { ownPackage } from '../../shared/setup/install/package-root.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { helpText, readCommandLine, readFlags } from '../../shared/cli/option-table.js';
import { installedKeysPlace } from '../access/keys/keys-place.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { capturesOwner } from '../setup/install/captures-owner.js';
import { installOptions } from '../setup/install/install-options.js';
import { installedSocket } from '../setup/install/installed-socket.js';
import { receiverPlan, serviceUser, shippedDirectory } from '../setup/install/receiver-plan.js';

const program = {
  name: 'receiver',
  table: { ...receiverProgram.table, ...installOptions },
} as const;

const usage = `receiver install --dir DIR [--listen [ADDRESS:]PORT] [--accept] …

Sets the receiver up as a service that systemd starts when a camera comes: writes its units, its settings and
its user, and opens the port. It runs as whoever DIR belongs to, or, where that is root, as user surveillance.
All other flags of the receiver are taken too, and become settings. Run it again to change something: what is
not said stays as it is. receiver uninstall takes everything away again.

`;

const refused = {
  json: 'nobody would read it',
  verbose: 'put RECEIVER_VERBOSE=yes into the settings while you need it',
  idleExit: 'the units say it',
  version: 'it installs this one',
};

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  // Of what is set here, nothing is meant for a service.
  const { options, positionals, command } = readCommandLine(program, argv, {});
  if (options.help) {
    const { dir, listen } = receiverProgram.table;
    const shown = { name: 'receiver', table: { dir, listen, ...installOptions } };
    writeTo(1, `${usage}${helpText(shown)}\n`);
    return;
  }
  const stray = positionals[0] ?? command?.[0];
  if (stray !== undefined) throw new UsageError(`'${stray}' is no flag; try --help`);
  const scope = scopeFor(options.user, env);
  const table = Object.fromEntries(
    Object.entries(receiverProgram.table).filter(([key]) => !['dir', 'listen'].includes(key)),
  );
  const { supplied } = readFlags(program, argv);
  const settings = givenSettings({
    program: 'receiver',
    table,
    supplied,
    refused,
    paths: ['keys'],
    scope,
  });
  const installed = (await readInstalledSettings(scope, 'receiver')).variables;
  const directory =
    options.dir ?? installed.RECEIVER_DIR ?? (scope.isUser ? undefined : shippedDirectory);
  if (directory === undefined) {
    throw new UsageError('where shall the frames go?', { hint: 'say it with --dir DIR' });
  }
  const whole = wholePath(directory, scope.isUser);
  const isOurs = scope.isUser || whole === shippedDirectory;
  const own = ownPackage();
  const before = await installedSocket(scope);
  const listen = options.listen.map(({ address, port }) =>
    address === undefined ? String(port) : formatAddress(address, port),
  );
  const plan = await receiverPlan({
    directory: whole,
    owner: isOurs ? undefined : await capturesOwner(whole, serviceUser, runTool),
    keys: settings.RECEIVER_KEYS ?? (installed.RECEIVER_KEYS || installedKeysPlace(scope, env)),
    isAccept: supplied.has('accept') ? options.accept : (before?.isAccept ?? false),
    listen: listen.length > 0 ? listen : (before?.listen ?? []),
    settings,
    package: own,
    scope,
    hostName: hostname(),
  });
  const request = {
    words: ['receiver', 'install', ...argv],
    package: own,
    userId: process.getuid?.(),
  };
  await runInstall(plan, request, options, runTool);
}

function wholePath(directory: string, isUser: boolean): string {
  const whole = resolve(directory);
  if (/\p{Cc}/u.test(whole)) {
    throw new UsageError(`--dir ${JSON.stringify(whole)} has a line's end in it`);
  }
  if (!isUser && /^\/(?:var\/)?tmp(?:\/|$)/.test(whole)) {
    throw new UsageError(`--dir ${whole}: services have a /tmp of their own`, {
      hint: 'choose a folder that stays, as /srv/captures',
    });
  }
  if (/^\/(?:home|root|home\/[^/]+)?$/.test(whole)) {
    throw new UsageError(`--dir ${whole}: choose a folder for the captures alone`);
  }
  return whole;
}
