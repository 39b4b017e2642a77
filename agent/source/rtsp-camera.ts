/**
 * Frames of an IP camera over RTSP, through ffmpeg and TCP. The JPEGs of an MJPEG stream are passed on as ffmpeg
 * assembles them from the packets; frames of other encodings, as H.264, are encoded as JPEG.
 */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { runProgram } from '../../shared/process/run-program.js';
import type { CameraAddress } from './camera-address.js';
import { ffmpegStart, cleanOutput } from './ffmpeg-start.js';
import type { FrameSource } from './frame-source.js';
import { type StreamSettings, openProgramStream } from './program-stream.js';
import { describeVideo } from './rtsp-description.js';

export interface RtspCameraSettings extends StreamSettings {
  readonly address: CameraAddress;
  /** `--interval`; undefined: the camera's own pace. */
  readonly intervalMs: number | undefined;
  /** The service manager ends ffmpeg when the agent is killed; its sandbox refuses setpriv. */
  readonly isService: boolean;
}

const versionLimitMs = 10_000;
/** For the camera's answer before ffmpeg is started. */
const descriptionLimitMs = 10_000;

export const ffmpegHint = 'sudo apt-get install ffmpeg';

export function openRtspCamera(settings: RtspCameraSettings): FrameSource {
  const { address, intervalMs, isService, ...stream } = settings;
  const { clock, quietTimeoutMs } = stream;
  const name = `camera ${address.name}`;
  const limitMs = Math.min(descriptionLimitMs, quietTimeoutMs);
  const describe = (signal: AbortSignal): Promise<string> =>
    describeVideo(address, { clock, signal, limitMs });
  return openProgramStream({
    ...stream,
    name,
    subject: `${name}: ffmpeg`,
    program: 'ffmpeg',
    prepare: async (signal) => ({
      ...ffmpegStart(address, {
        ...{ version: await ffmpegVersion(signal), intervalMs },
        encoding: await describe(signal),
      }),
      endsWithParent: !isService,
    }),
    clean: (stderr) => cleanOutput(stderr, address.credentials),
    findReason: (signal) =>
      describe(signal).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof OperationalError) return error;
          throw error;
        },
      ),
    hints: {
      missing: ffmpegHint,
      noFrame: 'if the camera gives frames less often, give a longer --shot-timeout',
    },
  });
}

/** What `ffmpeg -version` prints. @throws {OperationalError} CAMERA @throws signal.reason */
async function ffmpegVersion(signal: AbortSignal): Promise<string> {
  const request = { program: 'ffmpeg', args: ['-version'], timeLimitMs: versionLimitMs, signal };
  try {
    return (await runProgram(request)).stdout.toString('utf8');
  } catch (cause) {
    if (systemCode(cause) === undefined) throw cause;
    const isMissing = systemCode(cause) === 'ENOENT';
    const problem = isMissing ? 'program ffmpeg not found' : 'cannot start ffmpeg';
    throw new OperationalError('CAMERA', problem, { cause, hint: ffmpegHint });
  }
}
