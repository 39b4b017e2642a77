/** The viewer's part of an installation: its socket, its service, its user, its settings. */
import { join } from 'node:path';
import type { Plan } from '../../../shared/setup/install/plan.js';
import { type Fitting, unitFiles } from '../../../shared/setup/install/shipped-units.js';
import { withSetting } from '../../../shared/setup/install/unit-file.js';
import { keepPath, keepService, webService, webSocket } from '../units.js';
import { type ServiceFolders, withFolders, withReadOnlyFolders } from './service-folders.js';

export interface WebPlanRequest {
  /** `ListenStream=` of the socket: `127.0.0.1:8080`. */
  readonly listen: string;
  /** Other machines reach that address. */
  readonly isReachable: boolean;
  /** Group of the captures. */
  readonly group: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Absolute; undefined: the viewer has no passwords. */
  readonly passwordFile: string | undefined;
  /** Of the metrics; undefined: the viewer serves none. */
  readonly tokenFile: string | undefined;
}

type WebPart = Pick<Plan, 'systemUsers' | 'files' | 'enable' | 'restart' | 'stop' | 'notes'> &
  Required<Pick<Plan, 'moreSettings' | 'sharedFiles'>>;

export const webUser = 'picchanged-web';

const heading = `# Settings of the viewer: RECEIVER_WEB_PASSWORD_FILE, RECEIVER_WEB_HOST, RECEIVER_WEB_PROXY,
# RECEIVER_METRICS_TOKEN_FILE.
# "receiver install" changes the settings that are given to it and keeps the others.
`;

/** @param hostName of this machine, for notes */
export async function webPlan(
  web: WebPlanRequest,
  folders: ServiceFolders,
  fitting: Fitting,
  hostName: string,
): Promise<WebPart> {
  const { scope } = folders;
  const files = [
    ...(await unitFiles(webSocket, fitting, (text) =>
      withSetting(text, 'Socket', 'ListenStream', web.listen),
    )),
    ...(await unitFiles(webService, fitting, (text) =>
      withReadOnlyFolders(text, folders, web.group),
    )),
  ];
  // A viewer of the user writes into the record itself.
  const keepUnits = scope.isUser ? [] : [keepPath, keepService];
  for (const name of keepUnits) {
    files.push(
      ...(await unitFiles(name, fitting, (text) =>
        name === keepService ? withFolders(text, folders) : text,
      )),
    );
  }
  return {
    systemUsers: scope.isUser ? [] : [{ name: webUser, gecos: 'Camera viewer', home: '/' }],
    files,
    moreSettings: [{ path: join(scope.settingsFolder, 'web.env'), values: web.settings, heading }],
    sharedFiles: [web.passwordFile, web.tokenFile].flatMap((path) =>
      scope.isUser || path === undefined ? [] : [{ path, group: webUser, mode: 0o640 }],
    ),
    enable: scope.isUser ? [webSocket] : [webSocket, keepPath],
    restart: scope.isUser ? [webService] : [webService, keepService],
    stop: [webSocket, webService, ...keepUnits],
    notes: notesFor(web, scope.isUser, hostName),
  };
}

export const noWeb: WebPart = {
  ...{ systemUsers: [], files: [], moreSettings: [], sharedFiles: [] },
  ...{ enable: [], restart: [], stop: [], notes: [] },
};

function notesFor({ listen, isReachable }: WebPlanRequest, isUser: boolean, hostName: string) {
  const port = listen.slice(listen.lastIndexOf(':') + 1);
  if (!isReachable) return [`see the frames: http://localhost:${port}/`];
  const add = `${isUser ? '' : 'sudo '}receiver web-password NAME${isUser ? ' --user' : ''}`;
  return [
    `see the frames: http://${hostName}:${port}/`,
    `let someone else in: ${add}`,
    'on plain http, passwords and pictures travel unencrypted; docs/viewer.md has proxies with TLS',
  ];
}
