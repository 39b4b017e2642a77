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

const onDemand =
  'the service is started by a connection and ends when it is idle: for a balancer see docs/fleet.md';

/** Flags that a service gets from its units, or that are of use only at a terminal; each with the reason. */
export const refusedAtInstall = {
  json: 'no program reads the output of the service',
  verbose: 'put RECEIVER_VERBOSE=yes into the settings while you need it',
  idleExit: 'the units set it',
  health: onDemand,
  drain: onDemand,
  version: 'install installs the version of this program',
  state: 'the units set it',
  metrics: 'no service opens a port of its own: the viewer serves metrics, docs/metrics.md',
  s3Credentials: 'the service has its keys from /etc/credstore/picchanged-s3: docs/fleet.md',
};

/** What the receiver's settings file cannot have. */
export const refusedFlags = {
  ...refusedAtInstall,
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
  ...['dir', 'listen'],
  ...Object.keys(refusedFlags).filter((key) => key !== 'verbose'),
];
