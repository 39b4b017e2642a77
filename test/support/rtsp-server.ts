/** A real RTSP camera for tests: gst-rtsp-server, run by Debian's Python. */
import { spawnSync } from 'node:child_process';
import { fixtureProgram } from './processes.js';
import { missing, type Running, start } from './programs.js';

/** Debian's: another Python has no gi. */
export const python = '/usr/bin/python3';

export interface RtspServerSettings {
  /** Default: a free one. */
  readonly port?: number;
  readonly address?: string;
  /** Frames a second, a fraction. */
  readonly rate?: string;
  /** Frames from one key frame to the next. */
  readonly keyEvery?: number;
  /** A JPEG of 320 × 240, which is served as MJPEG again and again; default: a moving ball as H.264. */
  readonly picture?: string;
  readonly user?: string;
  readonly password?: string;
  readonly method?: 'basic' | 'digest';
}

const packages = 'gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{base,good,ugly}';
const uses = `import gi
gi.require_version("GstRtspServer", "1.0")
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ["x264enc", "rtph264pay", "videotestsrc"])`;

/** Why there can be no camera here, for a skipped test; undefined when there can. */
export function whyNoRtsp(): string | undefined {
  const { status } = spawnSync(python, ['-c', uses]);
  return missing('ffmpeg', 'ffmpeg') ?? (status === 0 ? undefined : `missing: ${packages}`);
}

/** The line that the server reads. */
export function rtspSettings(settings: RtspServerSettings): string {
  const defaults = { port: 0, address: '127.0.0.1', rate: '5/1', keyEvery: 5 };
  return `${JSON.stringify({ ...defaults, ...settings })}\n`;
}

export interface RtspServer extends Running {
  readonly port: number;
  /** `127.0.0.1:PORT/yard`. */
  readonly place: string;
}

/** Ends with the test. */
export async function startRtspServer(settings: RtspServerSettings = {}): Promise<RtspServer> {
  const running = start(python, [fixtureProgram('rtsp-server.py')], { stdin: 'pipe' });
  running.child.stdin?.end(rtspSettings(settings));
  await running.says('listening');
  const port = Number(/listening (\d+)/.exec(running.stdout())?.[1]);
  return { ...running, port, place: `127.0.0.1:${port}/yard` };
}
