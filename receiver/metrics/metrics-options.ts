/** Options of the metrics. */
import { listenAddress } from '../../shared/cli/address.js';
import { value } from '../../shared/cli/option-table.js';
import { path } from '../../shared/cli/value-types.js';

export const metricsOptions = {
  metrics: value(
    listenAddress,
    'Serve metrics for Prometheus at /metrics of this port, of this machine only; with an address also to others, who ' +
      'need a token.',
  ),
} as const;

export const metricsTokenOptions = {
  metricsTokenFile: value(
    path('FILE'),
    'File with the token that a scraper gives (Authorization: Bearer): /metrics of the viewer needs it, and metrics ' +
      'that other machines reach.',
  ),
} as const;
