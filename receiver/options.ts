/** The receiver's options: the one table that the parser, `--help` and docs/reference read. */
import { listenAddress } from '../shared/cli/address.js';
import { duration, path, size, wholeNumber } from '../shared/cli/value-types.js';
import { cameraAge, cameraSize, freeSpace } from './archive/retention/retention-options.js';
import { mirrorOptions } from './archive/mirror/mirror-options.js';
import { list, flag, value } from '../shared/cli/option-table.js';
import { proxyNetwork } from './listen/proxy-networks.js';
import { metricsOptions } from './metrics/metrics-options.js';
import { notifyOptions } from './notify/notify-options.js';
import { capturesPlace } from './store/s3/s3-address.js';
import { webOptions } from './web/web-options.js';

export const receiverProgram = {
  name: 'receiver',
  table: {
    dir: value(
      capturesPlace,
      'Captures directory: one folder per camera, in it one folder per day. Created if it is missing. ' +
        'The commands that docs/fleet.md names also take a bucket: s3://BUCKET/PREFIX.',
    ),
    listen: list(
      listenAddress,
      'Address and port to listen on. Without it: the sockets that systemd passed, else the connection ' +
        'on standard input, else port 4444 on all IPv4 and IPv6 addresses.',
    ),
    proxy: list(
      proxyNetwork,
      'Address or network of a load balancer in front of the receiver: each connection from there must begin ' +
        'with a header of the PROXY protocol, version 2, and counts as one of the address in it.',
    ),
    health: value(
      listenAddress,
      'Tell a load balancer whether this receiver takes frames: http://127.0.0.1:PORT/health answers 200, else ' +
        '503. With an address also to other machines.',
    ),
    drain: value(
      duration({ maxMs: 30_000 }),
      'After SIGTERM, answer 503 for this long before the connections are ended, so that new ones go to other ' +
        'receivers.',
      '0',
    ),
    maxFrame: value(
      // Above 1 GiB a frame would not fit a Buffer comfortably; below 1 KiB no JPEG fits.
      size({ minBytes: 1024, maxBytes: 2 ** 30 }),
      'Largest frame that is accepted. A frame is held in memory while it arrives.',
      '16MiB',
    ),
    maxMemory: value(
      size({ minBytes: 2 ** 20, maxBytes: 2 ** 40 }),
      'Memory for the frames of all connections: half for paired cameras, half for others. While it is ' +
        'used up, further frames wait at their agents. One frame is always accepted, even a larger one.',
      '256MiB',
    ),
    maxConnections: value(
      wholeNumber(1, 100_000),
      'Maximum concurrent connections, counted separately for paired cameras and for others. Further ' +
        'ones are refused.',
      '64',
    ),
    maxConnectionsPerAddress: value(
      wholeNumber(1, 100_000),
      'Maximum concurrent connections from one address. Those of paired cameras are not counted.',
      '16',
    ),
    quota: value(
      size({ maxBytes: 2 ** 50 }),
      'How much a paired camera, or an address without a key, may store in a minute. Further frames are ' +
        'refused until the minute is over; agents keep them and send them again. 0: no limit.',
      '1GiB',
    ),
    maxAge: list(
      cameraAge,
      'Frames that are older are deleted, whole events where possible. With CAMERA= for one camera, instead of ' +
        'the age for all. Without it: none is too old.',
    ),
    maxSize: list(
      cameraSize,
      'Most that the captures may use; the oldest frames are deleted. With CAMERA= for one camera, beside the ' +
        'size for all. Without it: no limit.',
    ),
    minFree: value(
      freeSpace,
      'Least that the disk of the captures must have free; the oldest frames are deleted. Without it: no limit.',
    ),
    requireMarker: flag(
      'Do not make the captures directory: store only where a receiver has stored before. So a disk that is not ' +
        'mounted is not replaced by a folder on another one.',
    ),
    ...mirrorOptions,
    ...webOptions,
    ...metricsOptions,
    ...notifyOptions,
    idleTimeout: value(
      // With less, the connection of an agent that has no frames to send would be closed.
      duration({ minMs: 20_000, maxMs: 86_400_000 }),
      'A connection on which nothing arrives for this long is closed. An idle agent sends a ping every 15 s.',
      '1m',
    ),
    idleExit: value(
      duration({ maxMs: 86_400_000 }),
      'Exit after this time without a connection, for a receiver that systemd starts. 0: never.',
      '0',
    ),
    keys: value(
      path('DIR'),
      'Folder with the keys of paired cameras. Without it: .keys in $STATE_DIRECTORY, else ' +
        "picchanged-receiver/keys in the user's state folder.",
    ),
    open: flag(
      'After a camera is paired, also accept unpaired peers on private networks, unencrypted: raw ' +
        'senders and unpaired agents.',
    ),
    json: flag('Print a line of JSON on standard output for each stored frame.'),
    verbose: flag('Also log each frame and each connection.'),
    help: flag('Show this help.'),
    version: flag('Show the version.'),
  },
} as const;
