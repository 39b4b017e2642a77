/** The receiver's options: the one table that the parser, `--help` and docs/reference read. */
import { listenAddress } from '../shared/cli/address.js';
import { duration, path, size, wholeNumber } from '../shared/cli/value-types.js';
import { list, flag, value } from '../shared/cli/option-table.js';

export const receiverProgram = {
  name: 'receiver',
  table: {
    dir: value(
      path('DIR'),
      'Where the frames go: a folder a camera, in it a folder a day. It is made if it is missing.',
    ),
    listen: list(
      listenAddress,
      'Where to listen. Without it: the sockets that systemd passed, else the connection on standard ' +
        'input, else port 4444 on every address, IPv4 and IPv6.',
    ),
    maxFrame: value(
      // Above 1 GiB a frame would not fit a Buffer comfortably; below 1 KiB no JPEG fits.
      size({ minBytes: 1024, maxBytes: 2 ** 30 }),
      'The largest frame that is taken; it is held in memory while it arrives.',
      '16MiB',
    ),
    maxMemory: value(
      size({ minBytes: 2 ** 20, maxBytes: 2 ** 40 }),
      'Memory for frames of all connections: half of it for paired cameras, half for others. Beyond it ' +
        'frames wait at their agents. One frame is always taken.',
      '256MiB',
    ),
    maxConnections: value(
      wholeNumber(1, 100_000),
      'Connections served at once: so many of paired cameras, and so many of others. One more is told so ' +
        'and closed.',
      '64',
    ),
    maxConnectionsPerAddress: value(
      wholeNumber(1, 100_000),
      'Connections served at once from one address, paired cameras not counted.',
      '16',
    ),
    quota: value(
      size({ maxBytes: 2 ** 50 }),
      'What a camera, or an address without a key, may store in a minute; what comes beyond is refused until ' +
        'the minute is over, and its agent keeps it. 0 is no limit.',
      '1GiB',
    ),
    idleTimeout: value(
      // Less, and an agent that has nothing to send is taken for dead.
      duration({ minMs: 20_000, maxMs: 86_400_000 }),
      'A connection that says nothing for this long is closed. Agents speak every 15 s.',
      '1m',
    ),
    idleExit: value(
      duration({ maxMs: 86_400_000 }),
      'End when there was no connection for this long, for a receiver that systemd starts; 0 is never.',
      '0',
    ),
    keys: value(
      path('DIR'),
      'Where the keys of paired cameras are. Without it: .keys in $STATE_DIRECTORY, else ' +
        "picchanged-receiver/keys in the user's state folder.",
    ),
    open: flag(
      'Once a camera is paired, also accept unpaired senders on private networks, unencrypted: raw senders, unpaired agents.',
    ),
    json: flag('Print a line of JSON on standard output for each frame stored.'),
    verbose: flag('Log each frame and each connection too.'),
    help: flag('Show this.'),
    version: flag('Show the version.'),
  },
} as const;
