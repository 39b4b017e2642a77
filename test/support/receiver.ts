/** A receiver in this process, on a free port, with a real store; and connections to it. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { AccessControl } from '../../receiver/access/access-control.js';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { KeyRing } from '../../receiver/access/keys/key-ring.js';
import {
  ConnectionServer,
  type ServerParts,
  type ServerSettings,
} from '../../receiver/connection/server.js';
import { ProxyNetworks } from '../../receiver/listen/proxy-networks.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { systemClock } from '../../shared/clock.js';
import { keptLog } from './log.js';
import { temporaryDirectory } from './temporary.js';

export async function startReceiver(
  settings: Partial<ServerSettings> = {},
  changes: Partial<ServerParts> = {},
  isOpenAnyway = false,
  makeAccess?: (folder: KeyFolder) => Promise<AccessControl>,
) {
  const directory = temporaryDirectory();
  const { log, lines } = keptLog();
  const folder = new KeyFolder(join(temporaryDirectory(), 'keys'));
  const ring = await KeyRing.open(folder, undefined, systemClock);
  const onFirstPairing = (): Promise<void> => Promise.resolve();
  const access =
    (await makeAccess?.(folder)) ??
    new AccessControl({ ring, isOpenAnyway, clock: systemClock, log, onFirstPairing });
  const receiver = new ConnectionServer(
    {
      ...{ maxFrameBytes: 2 ** 20, maxMemoryBytes: 2 ** 28, maxBytesPerMinute: 0 },
      ...{ maxConnections: 64, maxConnectionsPerAddress: 16, idleTimeoutMs: 60_000 },
      ...settings,
    },
    {
      store: await openFrameStore(directory, Date.now()),
      access,
      clock: systemClock,
      log,
      proxies: new ProxyNetworks([]),
      onStored: () => undefined,
      onRefused: () => undefined,
      onConnections: () => undefined,
      ...changes,
    },
  );
  const server = createServer({ allowHalfOpen: true }, (socket) => void receiver.serve(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await receiver.close();
  });
  return {
    directory,
    access,
    folder,
    lines,
    receiver,
    port: (server.address() as AddressInfo).port,
  };
}

/** A connection that collects the received bytes. */
export function speakTo(port: number): { socket: Socket; heard: Promise<Buffer> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  return { socket, heard: hearAll(socket) };
}

/** All bytes received on a connection, once it has closed. */
export function hearAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  return new Promise<Buffer>((resolve) => {
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(pieces)));
  });
}
