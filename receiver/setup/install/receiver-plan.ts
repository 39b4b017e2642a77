/** The units for a requested installation, and their changes to the shipped ones. */
import { join } from 'node:path';
import { defaultPort, formatAddress, listenAddress } from '../../../shared/cli/address.js';
import type { Plan, PlannedFile } from '../../../shared/setup/install/plan.js';
import type { SettingChanges } from '../../../shared/setup/install/environment-file.js';
import { type Package, programFiles } from '../../../shared/setup/install/program-files.js';
import {
  type Fitting,
  exampleFile,
  unitFiles,
} from '../../../shared/setup/install/shipped-units.js';
import { quoteWord, withSetting } from '../../../shared/setup/install/unit-file.js';
import { pruneService, pruneTimer, receiverService, receiverSocket } from '../units.js';
import { type ServiceFolders, shippedDirectory, withFolders } from './service-folders.js';
import {
  type BucketPlanRequest,
  bucketDropIn,
  bucketServices,
  healthDropIns,
  noBucketAccess,
  withoutIdleExit,
} from './bucket-plan.js';
import { type NotifyPlanRequest, noNotify, notifyPlan } from './notify-plan.js';
import { type WebPlanRequest, noWeb, webPlan } from './web-plan.js';

export interface ReceiverPlanRequest extends ServiceFolders {
  /** The captures are there, and not in the directory. */
  readonly bucket: BucketPlanRequest | undefined;
  readonly isAccept: boolean;
  /** `ListenStream=` of the socket; empty: as shipped. */
  readonly listen: readonly string[];
  readonly settings: SettingChanges;
  /** Whether frames are to be deleted: a timer then deletes them while no camera is connected. */
  readonly isLimited: boolean;
  /** Undefined: no viewer. */
  readonly web: WebPlanRequest | undefined;
  /** Undefined: no notices. */
  readonly notify: NotifyPlanRequest | undefined;
  readonly package: Package;
  readonly hostName: string;
  /** Further sentences to print after install. */
  readonly notes: readonly string[];
}

export const serviceUser = 'surveillance';
const receiverUser = {
  name: serviceUser,
  gecos: 'Camera receiver',
  home: `/var/lib/${serviceUser}`,
};

const heading = `# Settings of the receiver: every flag has a variable, --max-frame is RECEIVER_MAX_FRAME.
# "receiver install" changes the settings that are given to it and keeps the others. RECEIVER_DIR is also in the
# units: change it with "receiver install --dir". receiver.env.example has every setting with its default.
# After a change: receiver config --check && receiver install
`;

export async function receiverPlan(request: ReceiverPlanRequest): Promise<Plan> {
  const { directory, bucket, keys, owner, isAccept, scope } = request;
  const folderOwner = scope.isUser ? undefined : (owner ?? serviceUser);
  const program = await programFiles(request.package, 'receiver', scope);
  const fitting: Fitting = {
    package: request.package,
    scope,
    program: 'receiver',
    command: program.command,
    words: new Map([[shippedDirectory, quoteWord(bucket?.place ?? directory)]]),
  };
  const [socket, service] = isAccept
    ? ['surveillance.socket', 'surveillance@.service']
    : [receiverSocket, receiverService];
  const files: PlannedFile[] = [
    ...program.files,
    exampleFile(fitting, 'receiver'),
    ...(await unitFiles(socket, fitting, (text) => withListen(text, request.listen))),
    ...(await unitFiles(service, fitting, (text) => {
      const unit = withFolders(text, request);
      return bucket?.hasHealth === true ? withoutIdleExit(unit) : unit;
    })),
  ];
  const names = [socket, ...(isAccept ? [] : [service])];
  if (isAccept) {
    files.push(...(await unitFiles('surveillance-reopen.timer', fitting)));
  }
  if (request.isLimited) {
    files.push(
      ...(await unitFiles(pruneTimer, fitting)),
      ...(await unitFiles(pruneService, fitting, (text) => withFolders(text, request))),
    );
  }
  const web =
    request.web === undefined
      ? noWeb
      : await webPlan(request.web, request, fitting, request.hostName);
  const notify =
    request.notify === undefined ? noNotify : await notifyPlan(request.notify, request, fitting);
  const stop = [
    ...(isAccept ? [...names, 'surveillance-reopen.timer', 'surveillance@*'] : names),
    ...(request.isLimited ? [pruneTimer, pruneService] : []),
    ...web.stop,
    ...notify.enable,
  ];
  const dropIns =
    bucket === undefined
      ? []
      : [
          ...stop
            .filter((name) => bucketServices.includes(name))
            .map((name) => bucketDropIn(scope, name, bucket)),
          ...(bucket.hasHealth ? healthDropIns(scope) : []),
        ];
  // Of a directory, what a bucket had is taken back.
  const ofStore = bucket?.access ?? noBucketAccess;
  const beside = [...web.moreSettings, ...notify.moreSettings];
  return {
    program: 'receiver',
    scope,
    systemUsers:
      scope.isUser || owner !== undefined
        ? [...web.systemUsers, ...notify.systemUsers]
        : [receiverUser, ...web.systemUsers, ...notify.systemUsers],
    folders: [
      ...(bucket === undefined || !scope.isUser
        ? [{ path: directory, owner: folderOwner, mode: 0o750 }]
        : []),
      // Created before the first start, since "receiver pair" may run first; the service must own the folder.
      { path: keys, owner: folderOwner, mode: 0o700 },
    ],
    files: [...files, ...web.files, ...notify.files, ...dropIns],
    settings: {
      path: join(scope.settingsFolder, 'receiver.env'),
      values: {
        RECEIVER_DIR: bucket?.place ?? directory,
        ...request.settings,
        RECEIVER_KEYS: keys,
      },
      heading,
    },
    moreSettings: beside.map((each) => ({ ...each, values: { ...each.values, ...ofStore } })),
    sharedFiles: [...web.sharedFiles, ...notify.sharedFiles],
    enable: [socket, ...(request.isLimited ? [pruneTimer] : []), ...web.enable, ...notify.enable],
    restart: [isAccept ? 'surveillance@*' : service, ...web.restart],
    stop,
    hasUdevRule: false,
    notes: [
      ...program.notes,
      ...request.notes,
      ...notesFor(request),
      ...web.notes,
      ...notify.notes,
    ],
  };
}

function withListen(text: string, listen: readonly string[]): string {
  if (listen.length === 0) return text;
  return withSetting(text, 'Socket', 'ListenStream', listen.join('\nListenStream='));
}

/** What a camera connects to. @param listen `ListenStream=` of the socket; undefined: as shipped */
function destinationText(hostName: string, listen: string | undefined): string {
  const { address, port } = listenAddress.parse(listen ?? String(defaultPort));
  const isAny = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address);
  const host = isAny ? hostName : address;
  return port === defaultPort ? host : formatAddress(host, port);
}

function notesFor({
  directory,
  bucket,
  owner,
  scope,
  listen,
  hostName,
}: ReceiverPlanRequest): string[] {
  const flag = scope.isUser ? ' --user' : '';
  const sudo = scope.isUser ? '' : 'sudo ';
  const joinGroup = `sudo usermod --append --groups ${serviceUser} $USER`;
  const reading = `read the frames in ${directory}: ${joinGroup}, then log in again`;
  return [
    ...(!scope.isUser && owner === undefined && bucket === undefined ? [reading] : []),
    `at the camera: sudo agent install --host ${destinationText(hostName, listen[0])}`,
    `accept only your cameras, over TLS: ${sudo}receiver pair NAME`,
    `check the installation: ${sudo}receiver doctor${flag}`,
    `show the status: ${sudo}receiver status${flag}`,
  ];
}
