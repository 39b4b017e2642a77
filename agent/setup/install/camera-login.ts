/**
 * The user and password of an IP camera, from the address or from a file: install keeps them in a file that only the
 * service can read, and out of its settings.
 */
import { join } from 'node:path';
import { UsageError } from '../../../shared/cli/errors.js';
import type { GivenSettings } from '../../../shared/setup/install/given-settings.js';
import type { SecretFile } from '../../../shared/setup/install/secret-file.js';
import { cameraAddress } from '../../source/camera-address.js';
import type { Credentials } from '../../source/http-credentials.js';

export interface LoginRequest {
  /** The settings that this install is given. */
  readonly given: GivenSettings;
  /** Those of the settings file before. */
  readonly installed: Readonly<Record<string, string | undefined>>;
  readonly isCamera: boolean;
  /** The service's state directory. */
  readonly state: string;
  readonly owner: string | undefined;
}

export interface Login {
  readonly changes: GivenSettings;
  /** Undefined: the file stays as it is. */
  readonly secret: SecretFile | undefined;
  readonly notes: readonly string[];
}

const fileName = 'camera-credentials';

/** @throws {UsageError} the file of the credentials cannot be used */
export async function cameraLogin(request: LoginRequest): Promise<Login> {
  const { given, installed, isCamera, state, owner } = request;
  const path = join(state, fileName);
  const removed: SecretFile = { path, text: undefined, owner };
  if (!isCamera) return { changes: {}, secret: removed, notes: [] };
  const source = given.AGENT_SOURCE ?? installed.AGENT_SOURCE ?? '';
  const file = given.AGENT_SOURCE_CREDENTIALS;
  const { url, credentials } = await cameraAddress(source, file, undefined);
  const changes: GivenSettings = { AGENT_SOURCE: url.href };
  if (credentials !== undefined) {
    changes.AGENT_SOURCE_CREDENTIALS = path;
    const text = credentialsText(credentials);
    const copied = file === undefined || file === path ? [] : [copiedNote(file, path)];
    return { changes, secret: { path, text, owner }, notes: copied };
  }
  const isTakenBack = 'AGENT_SOURCE_CREDENTIALS' in given;
  const before = installed.AGENT_SOURCE;
  const isOther =
    before === undefined || !URL.canParse(before) || new URL(before).host !== url.host;
  if (!isTakenBack && !(isOther && installed.AGENT_SOURCE_CREDENTIALS))
    return { changes, secret: undefined, notes: [] };
  changes.AGENT_SOURCE_CREDENTIALS = undefined;
  const note = `the user and the password of the camera before are not given to ${url.host}`;
  return { changes, secret: removed, notes: isTakenBack ? [] : [note] };
}

const copiedNote = (file: string, path: string): string =>
  `the service has a copy of ${file} in ${path}: after a change, install again`;

/** @throws {UsageError} */
function credentialsText({ user, password }: Credentials): string {
  if (user.includes(':') || /[\r\n]/.test(user + password)) {
    throw new UsageError('the user of the camera has a colon, or its password a line break', {
      hint: 'give the camera another user',
    });
  }
  return `${user}:${password}\n`;
}
