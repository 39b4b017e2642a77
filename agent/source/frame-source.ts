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
  /**
   * To be called once the frame is needed no more: it is decided and not sent, or every receiver has acknowledged it.
   * Never for a frame that is refused or dropped. The source may then remove its file.
   */
  readonly release?: () => void;
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

export interface FrameSource {
  /** Name of the source in messages: `fswebcam /dev/video0`. */
  readonly name: string;
  /** True: each call takes a frame, and the caller keeps the interval. False: a call waits for the next frame. */
  readonly isPaced: boolean;
  /**
   * The next frame. One call at a time.
   * @throws {OperationalError} CAMERA: no frame this time. FRAME: the frame is damaged. The caller may call again.
   * @throws signal.reason when `signal` aborts, after child processes have ended
   */
  next(signal: AbortSignal): Promise<CapturedFrame>;
  /** Resolves when child processes have ended, watchers are closed and temporary files are removed. */
  close(): Promise<void>;
}
