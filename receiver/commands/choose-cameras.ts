/** The cameras that a command is about. */
import { UsageError } from '../../shared/cli/errors.js';

/** @throws {UsageError} the camera has no folder */
export function chooseCameras(
  names: readonly string[],
  camera: string | undefined,
  dir: string,
): readonly string[] {
  if (camera === undefined) return names;
  if (names.includes(camera)) return [camera];
  const hint = names.length === 0 ? 'none has sent anything yet' : `cameras: ${names.join(' ')}`;
  throw new UsageError(`camera ${camera} has sent nothing to ${dir}`, { hint });
}
