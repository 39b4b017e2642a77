/** The agent's options: the one table that the parser, `--help` and docs/reference read. */
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
      'A receiver to send to; port 4444 unless said. Each of several gets every frame.',
    ),
    camera: value(
      cameraName,
      "This camera's name at the receiver. Without it: this machine's name, in lower case.",
    ),
    source: value(
      sourceChoice,
      'Where frames come from: fswebcam (a webcam), folder:DIR (each JPEG that another program puts ' +
        'there), file:PATH (one JPEG that is overwritten), command (a program that writes JPEGs or MJPEG ' +
        'to its standard output, after --), scene (a made-up yard, for trying).',
      'fswebcam',
    ),
    device: value(
      device,
      'The camera for fswebcam: a device, or its TEST: and FILE:/path.jpg.',
      '/dev/video0',
    ),
    resolution: value(resolution, 'What to ask the camera for.', '1280x720'),
    skip: value(
      wholeNumber(0, 1000),
      'Frames that fswebcam lets pass in each shot while the sensor settles.',
      String(defaultSkip),
    ),
    quality: value(
      wholeNumber(1, 100),
      'JPEG quality of a shot by fswebcam.',
      String(defaultQuality),
    ),
    shotTimeout: value(
      duration({ minMs: 100, maxMs: 3_600_000 }),
      'A shot, or a command that says nothing, is ended after this long.',
      '20s',
    ),
    interval: value(
      duration({ minMs: 10, maxMs: 86_400_000 }),
      'From the start of one shot to the start of the next.',
      '1s',
    ),
    once: flag(
      'One shot, then end: for a timer. What it has to remember is kept in --state, frames that may be sent ' +
        'later in $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR, else the temporary directory.',
    ),
    all: flag('Send every frame without judging it: whoever made it has judged.'),
    ...detectionTable,
    state: value(
      path('DIR'),
      "What is remembered between runs. Without it: $STATE_DIRECTORY, else XDG's state folder.",
    ),
    paired: flag(
      'Never speak in the clear: without keys, frames wait. agent pair remembers it by itself; say it where keys ' +
        'come from elsewhere.',
    ),
    spool: value(
      choice('disk', 'memory'),
      'Where frames wait for a receiver: on the disk, safe from crash and power cut, or in memory, which ' +
        'spares an SD card and is lost with the process.',
      'disk',
    ),
    spoolMaxSize: value(
      size({ minBytes: 1024 * 1024, maxBytes: 2 ** 44 }),
      'What may wait for one receiver. Without it: 1GiB on the disk, 64MiB in memory.',
    ),
    spoolMaxAge: value(
      duration({ maxMs: 3650 * 86_400_000 }),
      'Frames that have waited longer are dropped and counted; 0: however long.',
      '0',
    ),
    spoolFull: value(
      choice('oldest', 'newest'),
      'What is dropped, and counted, when --spool-max-size is reached.',
      'oldest',
    ),
    sendOrder: value(
      choice('oldest', 'newest'),
      'What is sent first after a cut: history in order, or the present.',
      'oldest',
    ),
    sendTimeout: value(
      duration({ minMs: 100, maxMs: 3_600_000 }),
      'How long a one-shot run tries to deliver.',
      '30s',
    ),
    idleExit: value(
      duration({ maxMs: 86_400_000 }),
      'With file:PATH, take the file that is there too, and end when no new version came for this long and ' +
        "none waits: for a service that systemd's path unit starts. 0 is never.",
      '0',
    ),
    seed: value(wholeNumber(0, 2 ** 31), "What the scene's visitors do depends on it.", '1'),
    json: flag('Print a line of JSON on standard output for each frame, once its fate is decided.'),
    verbose: flag('Log each frame and each connection too.'),
    help: flag('Show this.'),
    version: flag('Show the version.'),
  },
} as const;

export type AgentOptions = OptionValues<typeof agentProgram.table>;
