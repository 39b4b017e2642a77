/** Options of the viewer: of `receiver web`, and of the receiver with `--web`. */
import { isIP } from 'node:net';
import { listenAddress } from '../../shared/cli/address.js';
import { type ValueType, list, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { path } from '../../shared/cli/value-types.js';
import { metricsTokenOptions } from '../metrics/metrics-options.js';
import { proxyNetwork } from '../listen/proxy-networks.js';

/** A name by which a browser reaches the viewer. */
const hostName: ValueType<string> = {
  metavar: 'NAME',
  noneIsValue: true,
  parse(text) {
    const isName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text) && isIP(text) === 0;
    if (!isName) throw new InvalidValue('must be the name of a host, such as cams.example.org');
    return text;
  },
};

export const webOptions = {
  web: value(
    listenAddress,
    'Show the frames in a browser, on this port of this machine only; with an address also to others.',
  ),
  webHost: list(
    hostName,
    'A name by which browsers reach the viewer, as that of a proxy in front of it. The names of this machine, ' +
      'localhost and addresses need none.',
  ),
  webPasswordFile: value(
    path('FILE'),
    'Who may open the viewer: a line for each name, which receiver web-password writes. Needed to listen on ' +
      'addresses that other machines reach.',
  ),
  webProxy: list(
    proxyNetwork,
    'Address or network of a proxy in front of the viewer: X-Forwarded-For and X-Forwarded-Proto of its requests count.',
  ),
  ...metricsTokenOptions,
} as const;
