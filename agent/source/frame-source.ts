/** The interface of all frame sources: camera, files, program, demo scene. */

export interface CapturedFrame {
  /** One complete JPEG, as the camera made it. The caller owns the buffer. */
  readonly jpeg: Buffer;
  /** Wall time of the capture, milliseconds since 1970 UTC. */
  readonly capturedAtMs: number;
  /** Name of the frame in messages: a path, a device, a command. */
  readonly origin: string;
  /** Number of frames that the source discarded before this one, since the agent was busy. Default 0. */
  readonly skipped?: number;
  /** Of a frame whose file the source removes. */
  readonly lifecycle?: FrameLifecycle;
}

/** A frame in the spool. */
export interface SpooledFrame {
  /** As it is sent: later than that of the captured frame, where two frames have the same time. */
  readonly capturedAtMs: number;
  /** Of the JPEG, 64 hex digits. */
  readonly sha256: string;
  /** False: it waits in memory, for one receiver at least. */
  readonly isOnDisk: boolean;
}

/** Tells a source what becomes of a frame. */
export interface FrameLifecycle {
  /** The frame is about to enter the spools. Does not throw. */
  spooling(): Promise<void>;
  /** The frame waits in every spool. Does not throw. */
  spooled(frame: SpooledFrame): Promise<void>;
  /**
   * The frame is needed no more: it is decided and not sent, or every receiver has acknowledged it. Not called for a
   * frame that is refused or dropped. Does not throw.
   */
  released(): void;
}

/** Is informed by a source that waits for a frame. */
export interface PollObserver {
  /**
   * The source checked and found no frame.
   * @param isQuiet no file is being written either
   * @param isPresent the file or directory exists and can be watched
   */
  polled(isQuiet: boolean, isPresent: boolean): void;
}

/**
 * What decides when frames are taken. `shots`: each call takes one, and the caller keeps the interval. `stream`: frames
 * come by themselves; an interval that is given thins them. `files`: another program writes frames, and each counts.
 */
export type Pace = 'shots' | 'stream' | 'files';

export interface FrameSource {
  /** Name of the source in messages: `fswebcam /dev/video0`. */
  readonly name: string;
  /** May become known with the first frame only. */
  readonly pace: Pace;
  /**
   * The next frame. One call at a time.
   * @throws {OperationalError} CAMERA: no frame this time. FRAME: the frame is damaged. The caller may call again.
   * @throws signal.reason when `signal` aborts, after child processes have ended
   */
  next(signal: AbortSignal): Promise<CapturedFrame>;
  /** Resolves when child processes have ended, watchers are closed and temporary files are removed. */
  close(): Promise<void>;
}
