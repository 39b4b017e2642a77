/** The port that every source of frames fills: a camera, files that appear, a program, the scene. */

export interface CapturedFrame {
  /** One whole JPEG, as the camera made it. The buffer is the receiver's to keep. */
  readonly jpeg: Buffer;
  /** Wall time of the capture, milliseconds since 1970 UTC. */
  readonly capturedAtMs: number;
  /** What to call the frame in a message: a path, a device, a command. */
  readonly origin: string;
}

export interface FrameSource {
  /** What to call the source in a message: `fswebcam /dev/video0`. */
  readonly name: string;
  /** True: it has a frame whenever asked, so the caller keeps the interval. False: it waits for one itself. */
  readonly isPaced: boolean;
  /**
   * The next frame. One call at a time.
   * @throws {OperationalError} CAMERA: none to be had this time. FRAME: there was one and it is damaged.
   *   Ask again later; nothing is left behind.
   * @throws signal.reason when `signal` aborts, after children have ended
   */
  next(signal: AbortSignal): Promise<CapturedFrame>;
  /** Resolves when children, watchers and temporary files are gone. */
  close(): Promise<void>;
}
