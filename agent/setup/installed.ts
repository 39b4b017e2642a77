/** Finds the installed agent's state directory, for commands that are run by hand. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import type { Environment } from '../../shared/cli/command.js';
import { systemCode } from '../../shared/cli/errors.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { defaultStateDirectory } from '../service/state.js';
import { stateFolderName } from './units.js';

/** The state directory: from the flags, else of the installed agent, else the default of an agent run by hand. */
export async function stateDirectoryFor(
  options: { readonly state: string | undefined; readonly camera: string | undefined },
  scope: Scope,
  env: Environment,
  hostName: string,
): Promise<string> {
  if (options.state !== undefined) return options.state;
  const byHand = defaultStateDirectory(env, options.camera ?? cameraNameFromHost(hostName));
  if (scope.stateFolder === undefined) return byHand;
  const installed = join(scope.stateFolder, stateFolderName);
  try {
    await access(installed);
    return installed;
  } catch (error) {
    // It exists but is not accessible to this user (DynamicUser=).
    return systemCode(error) === 'EACCES' ? installed : byHand;
  }
}
