/** The variables of the receiver's settings files, its own and that of its viewer; the flags that install refuses. */
import type { KnownSettings } from '../../shared/setup/config/check-settings.js';
import { notifyOptions } from '../notify/notify-options.js';
import { receiverProgram } from '../options.js';

/** Settings of the notices: `notify.env`. The unit sets the state directory. */
export const { state: _state, ...notifySettings } = notifyOptions;

export const receiverSettings: KnownSettings = {
  program: 'receiver',
  tables: [receiverProgram.table, notifySettings],
  others: {},
};

/** Flags of a service that runs all the time, and has a network: one with a bucket. */
export const bucketOnly = ['health', 'drain'] as const;

/** Flags that a service gets from its units, or that are of use only at a terminal; each with the reason. */
export const refusedAtInstall = {
  json: 'no program reads the output of the service',
  verbose: 'put RECEIVER_VERBOSE=yes into the settings while you need it',
  idleExit: 'the units set it',
  version: 'install installs the version of this program',
  state: 'the units set it',
  metrics: 'no service opens a port of its own: the viewer serves metrics, docs/metrics.md',
  cache: 'the units set it',
};

/** As `refusedAtInstall`, of a service of the system: one of a user has its keys from the file that the flag names. */
export const refusedInSystem = {
  s3Credentials: 'the service has its keys from /etc/credstore/picchanged-s3: docs/fleet.md',
};

/** What the receiver's settings file cannot have. */
export const refusedFlags = {
  ...refusedAtInstall,
  ...refusedInSystem,
  // The sandbox of the receiver has no network.
  web: 'the viewer is a service of its own: docs/systemd.md',
  webHost: 'it is a setting of the viewer: docs/systemd.md',
  webPasswordFile: 'it is a setting of the viewer: docs/systemd.md',
  webProxy: 'it is a setting of the viewer: docs/systemd.md',
  metricsTokenFile: 'it is a setting of the viewer: docs/systemd.md',
  ...Object.fromEntries(
    Object.keys(notifySettings).map((key) => [
      key,
      'it is a setting of the notices: docs/notify.md',
    ]),
  ),
};

/** What receiver.env.example does not list: the units have the directory and the addresses. */
export const keysOutsideExample = [
  ...['dir', 'listen', ...bucketOnly],
  ...Object.keys(refusedFlags).filter((key) => key !== 'verbose'),
];
