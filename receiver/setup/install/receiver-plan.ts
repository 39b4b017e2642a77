/** The units for a requested installation, and their changes to the shipped ones. */
import { join } from 'node:path';
import type { Plan, PlannedFile } from '../../../shared/setup/install/plan.js';
import type { SettingChanges } from '../../../shared/setup/install/environment-file.js';
import { type Package, programFiles } from '../../../shared/setup/install/program-files.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { exampleFile, fittedUnit, unitFile } from '../../../shared/setup/install/shipped-units.js';
import {
  quotePath,
  quoteWord,
  withSetting,
  withoutSpecifiers,
} from '../../../shared/setup/install/unit-file.js';
import { pruneService, pruneTimer } from '../units.js';

export interface ReceiverPlanRequest {
  /** Absolute. */
  readonly directory: string;
  /** Owner of the captures; undefined: the service user. */
  readonly owner: string | undefined;
  /** Keys folder; absolute. */
  readonly keys: string;
  readonly isAccept: boolean;
  /** `ListenStream=` of the socket; empty: as shipped. */
  readonly listen: readonly string[];
  readonly settings: SettingChanges;
  /** Whether frames are to be deleted: a timer then deletes them while no camera is connected. */
  readonly isLimited: boolean;
  readonly package: Package;
  readonly scope: Scope;
  readonly hostName: string;
  /** Further sentences to print after install. */
  readonly notes: readonly string[];
}

export const serviceUser = 'surveillance';
/** The captures directory of the shipped units. */
export const shippedDirectory = '/var/lib/surveillance';
const programPath = '/usr/local/bin/receiver';

const heading = `# Settings of the receiver: every flag has a variable, --max-frame is RECEIVER_MAX_FRAME.
# "receiver install" changes the settings that are given to it and keeps the others. RECEIVER_DIR is also in the
# units: change it with "receiver install --dir". receiver.env.example has every setting with its default.
# After a change: receiver config --check && receiver install
`;

export async function receiverPlan(request: ReceiverPlanRequest): Promise<Plan> {
  const { directory, keys, owner, isAccept, scope } = request;
  const folderOwner = scope.isUser ? undefined : (owner ?? serviceUser);
  const program = await programFiles(request.package, 'receiver', scope);
  const words = new Map([
    [programPath, program.command],
    [shippedDirectory, quoteWord(directory)],
  ]);
  const fitting = { package: request.package, scope, words };
  const [socket, service] = isAccept
    ? ['surveillance.socket', 'surveillance@.service']
    : ['surveillance-many.socket', 'surveillance-many.service'];
  const files: PlannedFile[] = [
    ...program.files,
    exampleFile(fitting, 'receiver'),
    unitFile(scope, socket, withListen(await fittedUnit(socket, fitting), request.listen)),
    unitFile(scope, service, withFolders(await fittedUnit(service, fitting), request)),
  ];
  const names = [socket, ...(isAccept ? [] : [service])];
  if (isAccept) {
    const timer = 'surveillance-reopen.timer';
    files.push(unitFile(scope, timer, await fittedUnit(timer, fitting)));
  }
  if (request.isLimited) {
    const prune = withFolders(await fittedUnit(pruneService, fitting), request);
    files.push(
      unitFile(scope, pruneTimer, await fittedUnit(pruneTimer, fitting)),
      unitFile(scope, pruneService, prune),
    );
  }
  const stop = isAccept ? [...names, 'surveillance-reopen.timer', 'surveillance@*'] : names;
  return {
    program: 'receiver',
    scope,
    systemUser:
      scope.isUser || owner !== undefined
        ? undefined
        : { name: serviceUser, gecos: 'Camera receiver' },
    folders: [
      { path: directory, owner: folderOwner, mode: 0o750 },
      // Created before the first start, since "receiver pair" may run first; the service must own the folder.
      { path: keys, owner: folderOwner, mode: 0o700 },
    ],
    files,
    settings: {
      path: join(scope.settingsFolder, 'receiver.env'),
      values: { RECEIVER_DIR: directory, ...request.settings, RECEIVER_KEYS: keys },
      heading,
    },
    enable: request.isLimited ? [socket, pruneTimer] : [socket],
    restart: [isAccept ? 'surveillance@*' : service],
    stop: request.isLimited ? [...stop, pruneTimer, pruneService] : stop,
    hasUdevRule: false,
    notes: [...program.notes, ...request.notes, ...notesFor(request)],
  };
}

function withListen(text: string, listen: readonly string[]): string {
  if (listen.length === 0) return text;
  return withSetting(text, 'Socket', 'ListenStream', listen.join('\nListenStream='));
}

/** Adapts the shipped unit to other folders for captures and keys. */
function withFolders(text: string, request: ReceiverPlanRequest): string {
  const { directory, keys, owner, scope } = request;
  if (scope.isUser) return text;
  // systemd creates the state folder and lets the service write there.
  const isElsewhere = (path: string): boolean => !`${path}/`.startsWith(`${shippedDirectory}/`);
  const folders = [directory, keys].filter(isElsewhere);
  let unit = text;
  if (folders.length > 0) {
    const mounts = folders.map(quotePath).join(' ');
    unit = withSetting(unit, 'Unit', 'RequiresMountsFor', mounts);
  }
  if (owner !== undefined) unit = withSetting(unit, 'Service', 'User', withoutSpecifiers(owner));
  const isAtHome = (path: string): boolean => /^\/(?:home|root)\//.test(path);
  const writable = folders.filter((path) => !isAtHome(path)).map(quotePath);
  if (writable.length > 0) {
    unit = withSetting(unit, 'Service', 'ReadWritePaths', writable.join(' '));
  }
  if (!isAtHome(directory)) return unit;
  // The service sees this folder of the homes, and nothing else.
  unit = withSetting(unit, 'Service', 'ProtectHome', 'tmpfs');
  return withSetting(unit, 'Service', 'BindPaths', quotePath(directory).replaceAll(':', '\\:'));
}

function notesFor({ directory, owner, scope, hostName }: ReceiverPlanRequest): string[] {
  const flag = scope.isUser ? ' --user' : '';
  const sudo = scope.isUser ? '' : 'sudo ';
  const linger =
    'the service runs while you are logged in; to start it at boot: loginctl enable-linger';
  const joinGroup = `sudo usermod --append --groups ${serviceUser} $USER`;
  const reading = `read the frames in ${directory}: ${joinGroup}, then log in again`;
  return [
    ...(scope.isUser ? [linger] : []),
    ...(!scope.isUser && owner === undefined ? [reading] : []),
    `at the camera: sudo agent install --host ${hostName}`,
    `accept only your cameras, over TLS: ${sudo}receiver pair NAME`,
    `check the installation: ${sudo}receiver doctor${flag}`,
    `show the status: ${sudo}receiver status${flag}`,
  ];
}
