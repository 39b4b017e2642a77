/** The metrics of a receiver or its notices: `--metrics`. */
import type { ListenAddress } from '../../shared/cli/address.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import type { BearerToken } from '../metrics/bearer-token.js';
import type { MetricsServer } from '../metrics/metrics-server.js';
import type { FollowedBucket, ReadRecords } from './read-records.js';
import { readSecretFile } from './secret-file.js';

const tokenFlag = '--metrics-token-file';

/** @returns undefined: none is named @throws {UsageError} it cannot be read, or is no token */
export async function readMetricsToken(file: string | undefined): Promise<BearerToken | undefined> {
  const token = await readSecretFile(tokenFlag, file);
  if (token === undefined || file === undefined) return undefined;
  const { BearerToken } = await import('../metrics/bearer-token.js');
  return new BearerToken(token, file);
}

interface Options {
  readonly metrics: ListenAddress | undefined;
  readonly metricsTokenFile: string | undefined;
}

/** What serves no metrics does not load them. @returns undefined: no `--metrics` @throws {UsageError} {OperationalError} LISTEN */
export async function metricsFor(
  { metrics, metricsTokenFile }: Options,
  records: ReadRecords | undefined,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<MetricsServer | undefined> {
  if (metrics === undefined || records === undefined) return undefined;
  const { directory, bucket } = records;
  const token = await readMetricsToken(metricsTokenFile);
  const { CapturesMetrics } = await import('../metrics/captures-metrics.js');
  const { openMetricsServer } = await import('../metrics/metrics-server.js');
  const captures = new CapturesMetrics(directory, parts.clock, bucket !== undefined);
  const text = (): Promise<string> => captures.text(bucket !== undefined && isAway(bucket));
  const server = await openMetricsServer({ listen: metrics, token, text }, parts);
  parts.log.info('serving metrics', { at: server.address });
  return server;
}

function isAway(bucket: FollowedBucket): boolean {
  try {
    bucket.check();
    return false;
  } catch {
    return true;
  }
}
