/** The viewer of a captures directory: its worker, its server, its listening socket. */
import { hostname } from 'node:os';
import type { ListenAddress } from '../../shared/cli/address.js';
import { formatAddress } from '../../shared/cli/address.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import { addressOf, startListening } from '../listen/listeners.js';
import type { PassedSocket } from '../listen/passed-sockets.js';
import { readAssets } from './server/assets.js';
import { HostNames } from './server/host-names.js';
import { openAccess } from './server/open-access.js';
import { WebServer } from './server/web-server.js';
import { WorkerArchive } from './worker-archive.js';

export interface ViewerSettings {
  readonly directory: string;
  /** Undefined: a passed socket. */
  readonly address: ListenAddress | undefined;
  readonly passed: readonly PassedSocket[];
  readonly hosts: readonly string[];
  /** Has the day indexes, when this process may not write into the captures directory. */
  readonly cachePath: string | undefined;
  readonly keep: (wish: unknown) => Promise<void>;
}

export interface Viewer {
  /** `http://127.0.0.1:8080/` */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export const defaultWebPort = 8080;

/** @throws {UsageError} @throws {OperationalError} LISTEN, WEB */
export async function openViewer(
  { directory, address, passed, hosts, cachePath, keep }: ViewerSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Viewer> {
  // Built files are beside this program: dist/receiver.js, dist/web-worker.js, dist/web/.
  const assets = await readAssets(new URL('web', import.meta.url).pathname);
  const worker = new WorkerArchive(new URL('web-worker.js', import.meta.url), {
    directory,
    cachePath,
  });
  const web = new WebServer({
    ...{ archive: worker.archive, access: openAccess, assets, keep, clock, log },
    hosts: new HostNames([hostname(), `${hostname()}.local`, ...hosts]),
  });
  const host = address?.address ?? '127.0.0.1';
  if (address !== undefined && !isLoopback(host)) {
    throw new UsageError(`--web ${formatAddress(host, address.port)} needs a password`, {
      hint: 'name its file: --web-password-file FILE; receiver web-password writes it',
    });
  }
  const [socket] = address === undefined ? passed : [];
  const port = address?.port ?? defaultWebPort;
  const options = socket === undefined ? { host, port } : { fd: socket.fd };
  const name = socket === undefined ? formatAddress(host, port) : `passed socket ${socket.name}`;
  await startListening(web.server, options, name, '--web');
  return {
    addresses: [`http://${addressOf(web.server)}/`],
    async close() {
      await web.close();
      await worker.close();
    },
  };
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
