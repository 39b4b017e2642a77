/** Which units the receiver gets for what was asked, and how they differ from those that ship. */
import { join } from 'node:path';
import type { Plan, PlannedFile } from '../../../shared/setup/install/plan.js';
import { type Package, programFiles } from '../../../shared/setup/install/program-files.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { fittedUnit, unitFile } from '../../../shared/setup/install/templates.js';
import {
  quotePath,
  quoteWord,
  withSetting,
  withoutSpecifiers,
} from '../../../shared/setup/install/unit-file.js';

export interface ReceiverPlanRequest {
  /** Absolute. */
  readonly directory: string;
  /** Whose the captures are; undefined: the service user's. */
  readonly owner: string | undefined;
  /** Where the keys are; absolute. */
  readonly keys: string;
  readonly isAccept: boolean;
  /** `ListenStream=` of the socket, where it is not as it ships. */
  readonly listen: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly package: Package;
  readonly scope: Scope;
  readonly hostName: string;
}

export const serviceUser = 'surveillance';
/** As the units that ship have it. */
export const shippedDirectory = '/var/lib/surveillance';
const programPath = '/usr/local/bin/receiver';

const heading = `# Settings of the receiver: every flag has a variable, --max-frame is RECEIVER_MAX_FRAME.
# "receiver install" changes what it is told and keeps the rest. RECEIVER_DIR stands in the units too: change
# it by "receiver install --dir".
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
    unitFile(scope, socket, withListen(await fittedUnit(socket, fitting), request.listen)),
    unitFile(scope, service, withFolders(await fittedUnit(service, fitting), request)),
  ];
  const names = [socket, ...(isAccept ? [] : [service])];
  if (isAccept) {
    const timer = 'surveillance-reopen.timer';
    files.push(unitFile(scope, timer, await fittedUnit(timer, fitting)));
  }
  return {
    program: 'receiver',
    scope,
    systemUser:
      scope.isUser || owner !== undefined
        ? undefined
        : { name: serviceUser, gecos: 'Camera receiver' },
    folders: [
      { path: directory, owner: folderOwner, mode: 0o750 },
      // Before anything is started: a key may be typed first, and is to be the service's.
      { path: keys, owner: folderOwner, mode: 0o700 },
    ],
    files,
    settings: {
      path: join(scope.settingsFolder, 'receiver.env'),
      values: { RECEIVER_DIR: directory, ...request.settings, RECEIVER_KEYS: keys },
      heading,
    },
    enable: [socket],
    restart: [isAccept ? 'surveillance@*' : service],
    stop: isAccept ? [...names, 'surveillance-reopen.timer', 'surveillance@*'] : names,
    hasUdevRule: false,
    notes: [...program.notes, ...notesFor(request)],
  };
}

function withListen(text: string, listen: readonly string[]): string {
  if (listen.length === 0) return text;
  return withSetting(text, 'Socket', 'ListenStream', listen.join('\nListenStream='));
}

/** Captures and keys where the unit that ships does not expect them. */
function withFolders(text: string, request: ReceiverPlanRequest): string {
  const { directory, keys, owner, scope } = request;
  if (scope.isUser) return text;
  // systemd makes its state folder, and lets the service write there.
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
  // Of homes it sees this folder, and nothing else.
  unit = withSetting(unit, 'Service', 'ProtectHome', 'tmpfs');
  return withSetting(unit, 'Service', 'BindPaths', quotePath(directory).replaceAll(':', '\\:'));
}

function notesFor({ directory, owner, scope, hostName }: ReceiverPlanRequest): string[] {
  const flag = scope.isUser ? ' --user' : '';
  const sudo = scope.isUser ? '' : 'sudo ';
  const linger = 'it runs while you are logged in; from boot on with: loginctl enable-linger';
  const reading = `to look at the frames in ${directory}: sudo usermod --append --groups ${serviceUser} $USER, then log in again`;
  return [
    ...(scope.isUser ? [linger] : []),
    ...(!scope.isUser && owner === undefined ? [reading] : []),
    `at the camera: sudo agent install --host ${hostName}`,
    `so that only your cameras get in, and over TLS: ${sudo}receiver pair NAME`,
    `is all well? ${sudo}receiver doctor${flag}`,
    `what does it do? ${sudo}receiver status${flag}`,
  ];
}
