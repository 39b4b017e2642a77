/** What a verb typed by hand knows of the installed agent: its settings and its state folder. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import type { Environment } from '../../shared/cli/command.js';
import { systemCode } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { defaultStateDirectory } from '../service/state.js';
import { stateFolderName } from './units.js';

/** The state folder that is meant: the one that was asked for, the installed one, or that of runs by hand. */
export async function stateDirectoryFor(
  asked: { readonly state: string | undefined; readonly camera: string | undefined },
  scope: Scope,
  env: Environment,
  hostName: string,
): Promise<string> {
  if (asked.state !== undefined) return asked.state;
  const byHand = defaultStateDirectory(env, asked.camera ?? cameraNameFromHost(hostName));
  if (scope.stateFolder === undefined) return byHand;
  const installed = join(scope.stateFolder, stateFolderName);
  try {
    await access(installed);
    return installed;
  } catch (error) {
    // Not ours to enter (DynamicUser=): it is there all the same.
    return systemCode(error) === 'EACCES' ? installed : byHand;
  }
}
