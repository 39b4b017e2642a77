/** Finds the installed agent's state directory, for commands that are run by hand. */
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import type { Environment } from '../../shared/cli/command.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { installedFolder } from '../../shared/setup/installed-folder.js';
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
  const installed = await installedFolder(scope, stateFolderName);
  const camera = options.camera ?? cameraNameFromHost(hostName);
  return installed ?? defaultStateDirectory(env, camera);
}
