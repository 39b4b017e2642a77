/** The notices' part of an installation: their service, its user, its settings. */
import { join } from 'node:path';
import type { SettingChanges } from '../../../shared/setup/install/environment-file.js';
import type { Plan } from '../../../shared/setup/install/plan.js';
import { type Fitting, unitFiles } from '../../../shared/setup/install/shipped-units.js';
import { notifyService } from '../units.js';
import { type ServiceFolders, withReadOnlyFolders } from './service-folders.js';

export interface NotifyPlanRequest {
  /** Group of the captures. */
  readonly group: string;
  readonly settings: SettingChanges;
  /** Absolute. */
  readonly secretFiles: readonly string[];
}

type NotifyPart = Pick<Plan, 'systemUsers' | 'files' | 'enable' | 'notes'> &
  Required<Pick<Plan, 'moreSettings' | 'sharedFiles'>>;

export const notifyUser = 'picchanged-notify';
/** The state directory of the service. */
export const notifyState = '/var/lib/picchanged-notify';

const heading = `# Settings of the notices: every flag of "receiver notify" has a variable, --quiet is RECEIVER_QUIET.
# "receiver install" changes the settings that are given to it and keeps the others.
`;

export async function notifyPlan(
  { group, settings, secretFiles }: NotifyPlanRequest,
  folders: ServiceFolders,
  fitting: Fitting,
): Promise<NotifyPart> {
  const { scope } = folders;
  const sudo = scope.isUser ? '' : 'sudo ';
  const user = scope.isUser ? ' --user' : '';
  return {
    systemUsers: scope.isUser ? [] : [{ name: notifyUser, gecos: 'Camera notices', home: '/' }],
    files: await unitFiles(notifyService, fitting, (text) =>
      // By hand and as a service, the state directory of a user is the same.
      scope.isUser
        ? text.replaceAll(/^StateDirectory.*\n/gm, '')
        : withReadOnlyFolders(text, folders, group),
    ),
    moreSettings: [{ path: join(scope.settingsFolder, 'notify.env'), values: settings, heading }],
    sharedFiles: scope.isUser
      ? []
      : secretFiles.map((path) => ({ path, group: notifyUser, mode: 0o640 })),
    enable: [notifyService],
    notes: [`try the notices: ${sudo}receiver notify --test${user}`],
  };
}

export const noNotify: NotifyPart = {
  ...{ systemUsers: [], files: [], moreSettings: [], sharedFiles: [], enable: [], notes: [] },
};
