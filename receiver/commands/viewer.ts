/** The viewer beside the receiver: `--web`. */
import type { ListenAddress } from '../../shared/cli/address.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import type { ProxyNetwork } from '../listen/proxy-networks.js';
import type { Viewer } from '../web/open-viewer.js';
import { readMetricsToken } from './metrics.js';
import type { ReadRecords } from './read-records.js';

interface Options {
  readonly web: ListenAddress | undefined;
  readonly webHost: readonly string[];
  readonly webPasswordFile: string | undefined;
  readonly webProxy: readonly ProxyNetwork[];
  readonly metricsTokenFile: string | undefined;
}

/** A receiver without a viewer does not load it. @returns undefined: no `--web` @throws as `openViewer` */
export async function viewerFor(
  { web, webHost, webPasswordFile, webProxy, metricsTokenFile }: Options,
  records: ReadRecords | undefined,
  parts: { readonly clock: Clock; readonly log: Log },
): Promise<Viewer | undefined> {
  if (web === undefined || records === undefined) return undefined;
  const { directory, bucket } = records;
  const { openViewer } = await import('../web/open-viewer.js');
  const { keepInStore } = await import('../web/keep-frames.js');
  const viewer = await openViewer(
    {
      ...{ directory, address: web, passed: [], hosts: webHost, cachePath: undefined, bucket },
      ...{ passwordFile: webPasswordFile, proxies: webProxy, sessionFile: undefined },
      metricsToken: await readMetricsToken(metricsTokenFile),
      keep: (wish) => keepInStore(directory, wish, parts.clock, bucket?.client),
    },
    parts,
  );
  parts.log.info('showing frames', { at: viewer.addresses.join(' ') });
  return viewer;
}
