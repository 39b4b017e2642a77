/** The viewer of a captures directory: its worker, its server, its listening socket. */
import { hostname } from 'node:os';
import { type ListenAddress, formatAddress } from '../../shared/cli/address.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { Clock } from '../../shared/clock.js';
import { openCaptures } from '../archive/captures-reader.js';
import type { KeepAnswer } from './api-types.js';
import type { BearerToken } from '../metrics/bearer-token.js';
import type { BucketAccess } from '../store/s3/bucket-access.js';
import { addressOf, startListening } from '../listen/listeners.js';
import type { PassedSocket } from '../listen/passed-sockets.js';
import type { ProxyNetwork } from '../listen/proxy-networks.js';
import { Proxies, isLoopback } from './access/client-address.js';
import { KeptSessions } from './access/kept-sessions.js';
import { openAccess } from './access/open-access.js';
import { PasswordAccess } from './access/password-access.js';
import { PasswordFile } from './access/password-file.js';
import { SessionFile } from './access/session-file.js';
import { readAssets } from './server/assets.js';
import { HostNames } from '../listen/host-names.js';
import type { WebAccess } from './server/web-access.js';
import { WebServer } from './server/web-server.js';
import { bucketArchive } from './bucket-archive.js';
import { WorkerArchive } from './worker-archive.js';

export interface ViewerSettings {
  readonly directory: string;
  /** Undefined: a passed socket. */
  readonly address: ListenAddress | undefined;
  readonly passed: readonly PassedSocket[];
  readonly hosts: readonly string[];
  readonly passwordFile: string | undefined;
  readonly proxies: readonly ProxyNetwork[];
  /** Where sessions outlive the process; undefined: they end with it. */
  readonly sessionFile: string | undefined;
  /** Has the day indexes, when this process may not write into the captures directory. */
  readonly cachePath: string | undefined;
  /** Undefined: the viewer serves no metrics. */
  readonly metricsToken: BearerToken | undefined;
  /** Has the frames, when `directory` is a mirror; `check` throws while it is away. */
  readonly bucket?: { readonly access: BucketAccess; check(): void } | undefined;
  readonly keep: (wish: unknown) => Promise<KeepAnswer>;
  /** Called with the number of open connections. */
  readonly onConnections?: (count: number) => void;
}

export interface Viewer {
  /** `http://127.0.0.1:8080/` */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

interface ViewerParts {
  readonly clock: Clock;
  readonly log: Log;
}

export const defaultWebPort = 8080;

/** @throws {UsageError} @throws {OperationalError} STORE: the captures cannot be read; LISTEN, WEB */
export async function openViewer(settings: ViewerSettings, parts: ViewerParts): Promise<Viewer> {
  const { address, passed, passwordFile, bucket } = settings;
  const { clock, log } = parts;
  const host = address?.address ?? '127.0.0.1';
  if (passwordFile === undefined && !isLoopback(host)) {
    throw needsPassword(`--web ${formatAddress(host, address?.port ?? defaultWebPort)}`);
  }
  // A viewer that cannot read its captures does not start.
  await (await openCaptures(settings.directory, 'web')).close();
  const proxies = new Proxies(settings.proxies);
  const access = await accessFor(settings, proxies, parts);
  // Built files are beside this program: dist/receiver.js, dist/web-worker.js, dist/web/.
  const assets = await readAssets(new URL('web', import.meta.url).pathname);
  const worker = new WorkerArchive(new URL('web-worker.js', import.meta.url), {
    directory: settings.directory,
    cachePath: settings.cachePath,
    bucket: bucket?.access,
  });
  const archive =
    bucket === undefined ? worker.archive : bucketArchive(worker.archive, () => bucket.check());
  const web = new WebServer({
    ...{ archive, access, assets, keep: settings.keep, clock, log },
    metricsToken: settings.metricsToken,
    isProxy: (each) => proxies.includes(each),
    hosts: new HostNames([hostname(), `${hostname()}.local`, ...settings.hosts]),
  });
  const [socket] = address === undefined ? passed : [];
  const port = address?.port ?? defaultWebPort;
  const options = socket === undefined ? { host, port } : { fd: socket.fd };
  const name = socket === undefined ? formatAddress(host, port) : `passed socket ${socket.name}`;
  countConnections(web, settings.onConnections);
  await startListening(web.server, options, name, '--web');
  const close = async (): Promise<void> => {
    await web.close();
    await worker.close();
  };
  // Where a passed socket listens is known only now.
  const bound = web.server.address();
  const isReachable = bound !== null && typeof bound === 'object' && !isLoopback(bound.address);
  if (passwordFile === undefined && isReachable) {
    await close();
    throw needsPassword(`the ${name}, which listens on ${addressOf(web.server)},`);
  }
  return { addresses: [`http://${addressOf(web.server)}/`], close };
}

/** @throws {UsageError} @throws {OperationalError} WEB */
async function accessFor(
  { passwordFile, proxies: named, sessionFile }: ViewerSettings,
  proxies: Proxies,
  { clock, log }: ViewerParts,
): Promise<WebAccess> {
  if (passwordFile !== undefined) {
    const file = await PasswordFile.open(passwordFile, clock);
    if ((await file.current()).size === 0) {
      log.warn('the password file has no name: receiver web-password NAME adds one', {
        file: passwordFile,
      });
    }
    const kept = sessionFile === undefined ? undefined : new SessionFile(sessionFile, clock, log);
    const sessions = await KeptSessions.open(kept, clock);
    return new PasswordAccess({ file, sessions, proxies, clock, log });
  }
  if (named.length === 0) return openAccess;
  throw new UsageError(
    '--web-proxy needs a password: what a proxy passes on comes from elsewhere',
    {
      hint: passwordHint,
    },
  );
}

function countConnections({ server }: WebServer, onConnections?: (count: number) => void): void {
  if (onConnections === undefined) return;
  let count = 0;
  server.on('connection', (socket) => {
    onConnections((count += 1));
    socket.once('close', () => onConnections((count -= 1)));
  });
}

const passwordHint = 'name its file: --web-password-file FILE; receiver web-password writes it';

function needsPassword(what: string): UsageError {
  return new UsageError(`${what} needs a password`, { hint: passwordHint });
}
