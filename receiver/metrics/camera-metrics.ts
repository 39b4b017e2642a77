/** What the lines of records say of each camera, as metrics. Pure. */
import { dropReasons } from '../../shared/protocol/messages.js';
import { cameraStates } from '../../shared/protocol/report-header.js';
import type { FrameEntry } from '../archive/frame-entry.js';
import type { RecordLine, ReportEntry } from '../archive/record-entry.js';
import { patienceMs } from '../notify/notice-settings.js';
import type { Metric, Sample } from './metrics-text.js';

/** Cameras that have metrics: an open receiver takes frames of any name. */
const maxCameras = 1000;
/** Words of a newer version are one. */
const reasons = [...dropReasons, 'other'] as const;
type DropReason = (typeof reasons)[number];
const states = [...cameraStates, 'silent', 'unknown'] as const;

interface CameraCounts {
  frames: number;
  bytes: number;
  dropped: Record<DropReason, number>;
  arrivedAtMs: number | undefined;
  lastFrame: FrameEntry | undefined;
  lastReport: ReportEntry | undefined;
}

export class CameraMetrics {
  readonly #cameras = new Map<string, CameraCounts>();

  /** @param isHistory it was there before this process: it is not counted, and says how the camera is */
  add(camera: string, line: RecordLine, isHistory: boolean, nowMs: number): void {
    if (line.kind !== 'frame' && line.kind !== 'report' && line.kind !== 'gap') return;
    const counts = this.#of(camera);
    if (counts === undefined) return;
    const arrivedAtMs = isHistory ? (line.receivedAtMs ?? -Infinity) : nowMs;
    if (Number.isFinite(arrivedAtMs)) {
      counts.arrivedAtMs = Math.max(counts.arrivedAtMs ?? -Infinity, arrivedAtMs);
    }
    if (line.kind === 'report') counts.lastReport = newer(counts.lastReport, line);
    if (line.kind === 'frame') counts.lastFrame = newer(counts.lastFrame, line);
    if (isHistory) return;
    if (line.kind === 'frame') {
      counts.frames += 1;
      counts.bytes += line.byteCount;
    }
    if (line.kind === 'gap') {
      const reason = reasons.find((each) => each === line.why) ?? 'other';
      counts.dropped[reason] += line.count;
    }
  }

  metrics(nowMs: number): readonly Metric[] {
    const each = (valueOf: (counts: CameraCounts) => number | undefined): Sample[] =>
      [...this.#cameras].flatMap(([camera, counts]) => {
        const value = valueOf(counts);
        return value === undefined ? [] : [{ labels: { camera }, value }];
      });
    return [
      {
        ...{ name: 'frames_total', type: 'counter' },
        help: 'Frames stored since this process began to read.',
        samples: each(({ frames }) => frames),
      },
      {
        ...{ name: 'frame_bytes_total', type: 'counter' },
        help: 'Bytes of the frames stored since this process began to read.',
        samples: each(({ bytes }) => bytes),
      },
      {
        ...{ name: 'camera_dropped_frames_total', type: 'counter' },
        help: 'Frames that the camera stated to have dropped, since this process began to read.',
        samples: [...this.#cameras].flatMap(([camera, { dropped }]) =>
          reasons.map((reason) => ({ labels: { camera, reason }, value: dropped[reason] })),
        ),
      },
      {
        ...{ name: 'camera_spool_frames', type: 'gauge' },
        help: 'Frames that waited in the camera at its newest report.',
        samples: each(({ lastReport }) => lastReport?.waiting),
      },
      {
        ...{ name: 'camera_spool_oldest_timestamp_seconds', type: 'gauge' },
        help: 'Capture time of the oldest frame that waited in the camera at its newest report, by the clock of the camera.',
        samples: each(({ lastReport }) => seconds(lastReport?.oldestWaitingMs)),
      },
      {
        ...{ name: 'camera_state', type: 'gauge' },
        help: 'State of the camera: 1 for the one it is in.',
        samples: [...this.#cameras].flatMap(([camera, counts]) => {
          const now = stateOf(counts, nowMs);
          return states.map((state) => ({
            labels: { camera, state },
            value: state === now ? 1 : 0,
          }));
        }),
      },
      {
        ...{ name: 'camera_last_frame_timestamp_seconds', type: 'gauge' },
        help: 'Capture time of the frame that arrived last, by the clock of the camera.',
        samples: each(({ lastFrame }) => seconds(lastFrame?.capturedAtMs)),
      },
      {
        ...{ name: 'camera_last_arrival_timestamp_seconds', type: 'gauge' },
        help: 'When the last frame, gap or report of the camera arrived.',
        samples: each(({ arrivedAtMs }) => seconds(arrivedAtMs)),
      },
      {
        ...{ name: 'camera_frame_delay_seconds', type: 'gauge' },
        help: 'Time from capture to arrival of the frame that arrived last: how far the camera is behind.',
        samples: each(({ lastFrame, lastReport }) => delayOf(lastFrame, lastReport)),
      },
      {
        ...{ name: 'camera_clock_error_seconds', type: 'gauge' },
        help: 'Clock of the camera minus that of the receiver, at the newest report.',
        samples: each(({ lastReport }) => lastReport && (lastReport.clockErrorMs ?? 0) / 1000),
      },
    ];
  }

  #of(camera: string): CameraCounts | undefined {
    const known = this.#cameras.get(camera);
    if (known !== undefined || this.#cameras.size >= maxCameras) return known;
    const added: CameraCounts = {
      ...{ frames: 0, bytes: 0, arrivedAtMs: undefined },
      dropped: { size: 0, age: 0, disk: 0, refused: 0, damaged: 0, other: 0 },
      ...{ lastFrame: undefined, lastReport: undefined },
    };
    this.#cameras.set(camera, added);
    return added;
  }
}

/** Of two entries the one that arrived later; one without a time of arrival counts as the later one. */
function newer<T extends FrameEntry | ReportEntry>(known: T | undefined, line: T): T {
  const isOlder = (line.receivedAtMs ?? Infinity) < (known?.receivedAtMs ?? -Infinity);
  return known !== undefined && isOlder ? known : line;
}

function stateOf({ lastReport, arrivedAtMs }: CameraCounts, nowMs: number): string {
  if (lastReport === undefined || arrivedAtMs === undefined) return 'unknown';
  const silentMs = patienceMs({ silentAfterMs: undefined }, lastReport.everyMs);
  if (nowMs - arrivedAtMs > silentMs) return 'silent';
  return states.find((state) => state === lastReport.state) ?? 'unknown';
}

/** By the receiver's clock; a camera without reports is taken to have the right one. */
function delayOf(frame: FrameEntry | undefined, report: ReportEntry | undefined) {
  if (frame?.receivedAtMs === undefined) return undefined;
  const capturedAtMs = frame.capturedAtMs - (report?.clockErrorMs ?? 0);
  return Math.max(0, frame.receivedAtMs - capturedAtMs) / 1000;
}

const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms / 1000;
