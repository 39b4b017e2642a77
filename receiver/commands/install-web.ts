/** The viewer's part of `receiver install`: its flags, what is given, what stays, and what it needs. */
import { createServer } from 'node:net';
import { stat } from 'node:fs/promises';
import { defaultPort, formatAddress, listenAddress } from '../../shared/cli/address.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { type ValueType, list, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { type RunTool, ask } from '../../shared/process/run-tool.js';
import { visiblePath } from '../../shared/setup/install/given-settings.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { startListening } from '../listen/listeners.js';
import { installedWeb, passwordFileOf } from '../setup/install/installed-web.js';
import type { WebPlanRequest } from '../setup/install/web-plan.js';
import { isLoopback } from '../web/access/client-address.js';
import { readPasswordFile } from '../web/access/password-file.js';
import { webOptions } from '../web/web-options.js';
import { readMetricsToken } from './metrics.js';

/** Takes a setting back. */
const none = 'none';

function orNone<T>(type: ValueType<T>): ValueType<T | undefined> {
  return {
    metavar: `${type.metavar}|${none}`,
    parse: (text) => (text === none ? undefined : type.parse(text)),
  };
}

/** `ListenStream=` of the socket: `8080` is that port of this machine only. */
const webAddress: ValueType<string> = {
  metavar: listenAddress.metavar,
  parse(text) {
    const { address = '127.0.0.1', port } = listenAddress.parse(text);
    if (port === 0) throw new InvalidValue('a service needs a port that stays, such as 8080');
    return formatAddress(address, port);
  },
};

const path: ValueType<string> = { metavar: 'FILE', parse: (text) => text };
const { webHost, webPasswordFile, webProxy } = webOptions;
const takeBack = `${none}: without it again.`;

export const installWebOptions = {
  web: value(
    orNone(webAddress),
    'Also install the viewer: a service that shows the frames in a browser, on this port of this machine only; with ' +
      `an address also to others, who need a password. ${none}: remove it again.`,
  ),
  webHost: list(
    orNone({ metavar: 'NAME', parse: readOne(webHost) }),
    `${webHost.help} ${takeBack}`,
  ),
  webPasswordFile: value(
    orNone(path),
    `${webPasswordFile.help} Without it: web-passwords beside the settings, if that exists and other machines reach ` +
      `the viewer. ${takeBack}`,
  ),
  webProxy: list(
    orNone({ metavar: 'ADDRESS[/BITS]', parse: readOne(webProxy) }),
    `${webProxy.help} ${takeBack}`,
  ),
  metricsTokenFile: value(
    orNone(path),
    `Let the viewer serve metrics to whom gives the token in this file. ${takeBack}`,
  ),
} as const;

const variables = {
  webHost: 'RECEIVER_WEB_HOST',
  webPasswordFile: 'RECEIVER_WEB_PASSWORD_FILE',
  webProxy: 'RECEIVER_WEB_PROXY',
  metricsTokenFile: 'RECEIVER_METRICS_TOKEN_FILE',
} as const;

function readOne<T>(option: { read: (texts: readonly string[]) => T }): (text: string) => T {
  return (text) => option.read([text]);
}

export interface WebInstallRequest {
  /** `--web`; undefined: it is `none`, or is not given. */
  readonly listen: string | undefined;
  readonly supplied: ReadonlyMap<string, readonly string[]>;
  readonly scope: Scope;
  /** Ports of the receiver's socket; empty: the default one. */
  readonly receiverListen: readonly string[];
  readonly captures: string;
  /** User of the receiver's service. */
  readonly user: string;
  /** False: this user may not read the settings and passwords, and install refuses or only shows what it would do. */
  readonly mayRead: boolean;
  readonly run: RunTool;
}

/**
 * The viewer to install.
 * @returns undefined: none
 * @throws {UsageError} it needs a password, or may not read the captures; {OperationalError} WEB, LISTEN
 */
export async function webToInstall(
  request: WebInstallRequest,
): Promise<WebPlanRequest | undefined> {
  const { supplied, scope, mayRead } = request;
  const isRemoved = supplied.has('web') && request.listen === undefined;
  const before = await installedWeb(scope);
  const listen = isRemoved ? undefined : (request.listen ?? before);
  if (listen === undefined) {
    const key = Object.keys(variables).find((each) => supplied.has(each));
    if (key === undefined) return undefined;
    const flag = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError(`${flag} is a setting of the viewer, and none is installed`, {
      hint: 'add --web [ADDRESS:]PORT, such as --web 8080',
    });
  }
  const { address = '', port } = listenAddress.parse(listen);
  const isReachable = !isLoopback(address);
  const installed = (await readInstalledSettings(scope, 'web')).variables;
  const given = givenSettings(supplied, scope);
  const wished = given[variables.webPasswordFile] ?? installed[variables.webPasswordFile];
  const opening = openingOf(
    listen,
    isReachable,
    given[variables.webProxy] ?? installed[variables.webProxy],
  );
  const standard = passwordFileOf(scope);
  const isStandard =
    wished === undefined && opening !== undefined && (await ifExists(stat(standard))) !== undefined;
  const passwordFile = wished || (isStandard ? standard : undefined);
  if (mayRead) await checkPasswords(opening, passwordFile, scope);
  const ownPorts = request.receiverListen.map((text) => listenAddress.parse(text).port);
  if ((ownPorts.length === 0 ? [defaultPort] : ownPorts).includes(port)) {
    throw new UsageError(`--web ${listen}: cameras connect to port ${port}`, {
      hint: `choose another port for the viewer, such as --web ${port === 8080 ? 8081 : 8080}`,
    });
  }
  if (mayRead && listen !== before) await checkPort(address, port, before);
  const group = await capturesGroup('the viewer', request);
  const tokenFile = given[variables.metricsTokenFile] ?? installed[variables.metricsTokenFile];
  if (mayRead && tokenFile) await readMetricsToken(tokenFile);
  const settings = { ...given, ...(isStandard && { [variables.webPasswordFile]: standard }) };
  return {
    ...{ listen, isReachable, group, settings, passwordFile },
    tokenFile: tokenFile || undefined,
  };
}

/** Variables of the given flags; empty: without it again. */
function givenSettings(
  supplied: WebInstallRequest['supplied'],
  scope: Scope,
): Partial<Record<string, string>> & Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [key, variable] of Object.entries(variables)) {
    const texts = supplied.get(key);
    if (texts === undefined) continue;
    const last = texts.at(-1) ?? '';
    if (last === none) settings[variable] = '';
    else if (key === 'webPasswordFile') {
      settings[variable] = visiblePath(last, '--web-password-file', scope);
    } else if (key === 'metricsTokenFile') {
      settings[variable] = visiblePath(last, '--metrics-token-file', scope);
    } else settings[variable] = texts.filter((text) => text !== none).join(' ');
  }
  return settings;
}

/** The setting that opens the viewer to other machines, so that it needs a password. @param proxies of `--web-proxy` */
function openingOf(listen: string, isReachable: boolean, proxies = ''): string | undefined {
  if (isReachable) return `--web ${listen}: other machines reach it`;
  return proxies === ''
    ? undefined
    : `--web-proxy ${proxies}: other machines reach the viewer by it`;
}

/** @throws {UsageError} it is missing where it is needed, or has no name; {OperationalError} WEB: it is wrong */
async function checkPasswords(
  opening: string | undefined,
  file: string | undefined,
  scope: Scope,
): Promise<void> {
  const sudo = scope.isUser ? '' : 'sudo ';
  const target = file ?? passwordFileOf(scope);
  const add = `${sudo}receiver web-password NAME --file ${target}`;
  const hint = `set one, then install again: ${add}`;
  if (file === undefined) {
    if (opening === undefined) return;
    throw new UsageError(`${opening}, and there is no password`, { hint });
  }
  if ((await ifExists(stat(file))) === undefined) {
    throw new UsageError(`there is no password file ${file}`, { hint });
  }
  if ((await readPasswordFile(file)).size > 0 || opening === undefined) return;
  throw new UsageError(`the password file ${file} has no name`, { hint });
}

/** @param before where the installed viewer listens @throws {OperationalError} LISTEN: another program uses the port */
async function checkPort(host: string, port: number, before: string | undefined): Promise<void> {
  const name = formatAddress(host, port);
  try {
    const server = await startListening(createServer(), { host, port }, name, '--web');
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    const isOwn = before !== undefined && listenAddress.parse(before).port === port;
    // The installed socket has the port, and is about to be replaced.
    if (isOwn && error instanceof OperationalError && systemCode(error.cause) === 'EADDRINUSE') {
      return;
    }
    throw error;
  }
}

type GroupRequest = Pick<WebInstallRequest, 'captures' | 'user' | 'scope' | 'run'>;

/**
 * The group that reads the captures: that of the receiver's user.
 * @param who needs it, for messages @throws {UsageError} it may not read them @throws {OperationalError} INSTALL
 */
export async function capturesGroup(
  who: string,
  { captures, user, scope, run }: GroupRequest,
): Promise<string> {
  if (scope.isUser) return '';
  // A user that install makes has a group of the same name.
  const group = (await ask(run, 'id', ['--group', '--name', user]))?.trim() || user;
  if (group === 'root') {
    throw new OperationalError(
      'INSTALL',
      `user ${user} has the group root, which ${who} must not have`,
      {
        hint: `give the user a group of its own: usermod --gid GROUP ${user}`,
      },
    );
  }
  const found = await ifExists(stat(captures)).catch(() => undefined);
  if (found === undefined || (found.mode & 0o005) === 0o005) return group;
  const gid = Number((await ask(run, 'getent', ['group', group]))?.split(':')[2] ?? NaN);
  const mayRead = Number.isNaN(gid) || (found.gid === gid && (found.mode & 0o050) === 0o050);
  if (mayRead) return group;
  throw new UsageError(`${who}, a member of group ${group}, may not read ${captures}`, {
    hint: `let the group read it: sudo chgrp ${group} ${captures} && sudo chmod g+rx ${captures}`,
  });
}
