/** The agent's options: one table for the parser, `--help` and docs/reference. */
import { destination } from '../shared/cli/address.js';
import { cameraName } from '../shared/protocol/camera-name.js';
import { choice, duration, path, size, wholeNumber } from '../shared/cli/value-types.js';
import { type OptionValues, list, flag, value } from '../shared/cli/option-table.js';
import { detectionTable } from './detect/detection-options.js';
import { defaultQuality, defaultSkip, device, resolution } from './source/shot-options.js';
import { sourceChoice } from './source/source-choice.js';

export const agentProgram = {
  name: 'agent',
  table: {
    host: list(
      destination,
      'The receiver that frames are sent to; default port 4444. Each of several receivers gets every frame.',
    ),
    camera: value(
      cameraName,
      'Name of this camera at the receiver. Without it: the host name of this machine, in lower case.',
    ),
    source: value(
      sourceChoice,
      'Where frames come from: fswebcam (a webcam), http://CAMERA/PATH or https:// (the MJPEG stream or the snapshot ' +
        'of an IP camera), rtsp://CAMERA/PATH (the stream of an IP camera, through ffmpeg), folder:DIR (each JPEG that another program writes into ' +
        'a directory), file:PATH (one JPEG that another program overwrites), command (a program, given ' +
        'after --, that writes JPEGs or MJPEG to its standard output), scene (a drawn yard, for a first try).',
      'fswebcam',
    ),
    sourceCredentials: value(
      path('FILE'),
      'With --source http://CAMERA/PATH or rtsp://CAMERA/PATH: a file with one line user:password, which other users cannot read. The ' +
        'password is then in no address and no process list.',
    ),
    recursive: flag(
      'With --source folder:DIR: also take the files of its subfolders, new ones too, as the dated folders of IP cameras.',
    ),
    consume: flag(
      'With --source folder:DIR: also take the files that lie there at the start, and remove each file once it is ' +
        'passed over or every receiver has acknowledged it. A refused file, or one that is no JPEG, stays.',
    ),
    yes: flag(
      'With --consume: remove files also from a home directory, or from a folder that is full before its first use.',
    ),
    device: value(
      device,
      'The camera for fswebcam: a video device; for tests TEST: (colour bars) or FILE:/PATH.',
      '/dev/video0',
    ),
    resolution: value(
      resolution,
      'Frame size that fswebcam requests; the camera delivers the nearest size that it has.',
      '1280x720',
    ),
    skip: value(
      wholeNumber(0, 1000),
      'Frames that fswebcam discards at the start of each shot, while exposure and white balance settle.',
      String(defaultSkip),
    ),
    quality: value(
      wholeNumber(1, 100),
      'JPEG quality of fswebcam shots, from 1 to 100.',
      String(defaultQuality),
    ),
    shotTimeout: value(
      duration({ minMs: 100, maxMs: 3_600_000 }),
      'Maximum time for one shot. A stream that delivers no frame for this long is ended and started again.',
      '20s',
    ),
    interval: value(
      duration({ minMs: 10, maxMs: 86_400_000 }),
      'Minimum time from one frame to the next. Without it: 1s between shots; of a stream (command, rtsp://, MJPEG ' +
        'over http://) each frame, or the newest where the machine is slower.',
    ),
    once: flag(
      'Take one shot and exit: for a timer. The background model is kept in --state; frames that a later run ' +
        'may send with an event, in $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR, else the temporary directory.',
    ),
    all: flag('Send every frame, without motion detection: for a source that selects its frames.'),
    ...detectionTable,
    state: value(
      path('DIR'),
      'State directory: spool, keys and background model. Without it: $STATE_DIRECTORY, else ' +
        'picchanged/CAMERA in $XDG_STATE_HOME or ~/.local/state.',
    ),
    paired: flag(
      'Never send unencrypted: without keys, frames wait. agent pair records this by itself; set it where keys ' +
        'are installed in another way.',
    ),
    reportEvery: value(
      duration({ minMs: 10_000, maxMs: 86_400_000 }),
      'Time between two reports of a camera whose state does not change: what was watched, compared and changed. ' +
        'A failing camera, its return and the end of an event are reported at once.',
      '1m',
    ),
    spool: value(
      choice('disk', 'memory'),
      'Where frames wait for a receiver: disk is safe from crash and power cut; memory spares an SD card, ' +
        'and its frames are lost when the process ends.',
      'disk',
    ),
    spoolMaxSize: value(
      size({ minBytes: 1024 * 1024, maxBytes: 2 ** 44 }),
      'Maximum size of the frames that wait for one receiver. Without it: 1GiB on disk, 64MiB in memory.',
    ),
    spoolMaxAge: value(
      duration({ maxMs: 3650 * 86_400_000 }),
      'Frames that wait longer are dropped and counted; 0: no limit.',
      '0',
    ),
    spoolFull: value(
      choice('oldest', 'newest'),
      'Which frames are dropped, and counted, when --spool-max-size is reached.',
      'oldest',
    ),
    sendOrder: value(
      choice('oldest', 'newest'),
      'Which of the waiting frames are sent first.',
      'oldest',
    ),
    sendTimeout: value(
      duration({ minMs: 100, maxMs: 3_600_000 }),
      'With --once: how long the run tries to deliver frames.',
      '30s',
    ),
    idleExit: value(
      duration({ maxMs: 86_400_000 }),
      'With --source file:PATH: also send the version that exists at the start, and exit when no new version ' +
        'was written for this long and no frame waits. For a service that a systemd path unit starts. 0: never.',
      '0',
    ),
    seed: value(wholeNumber(0, 2 ** 31), 'Random seed of the demo scene.', '1'),
    json: flag(
      'Print one line of JSON on standard output for each frame, once it is decided whether it is sent.',
    ),
    verbose: flag('Also log each frame and each connection.'),
    help: flag('Show this help.'),
    version: flag('Show the version.'),
  },
} as const;

export type AgentOptions = OptionValues<typeof agentProgram.table>;
