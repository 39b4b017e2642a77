/** Free ports for programs that need a fixed port. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Below the range that Linux uses for outgoing connections: ip(7), ip_local_port_range. */
const lowest = 10_240;
const sliceLength = 2500;
const sliceCount = 8;

/**
 * Processes that run tests at the same time take ports of different slices: one may hand out a port while a program of
 * another process has closed it for a moment, or not opened it yet.
 */
const slice =
  Number(process.env.VITEST_POOL_ID ?? Math.ceil(Math.random() * sliceCount)) % sliceCount;
let next = Math.floor(Math.random() * sliceLength);

/** A port of 127.0.0.1 without a listener: a program that closes it for a moment can open it again. */
export async function freePort(): Promise<number> {
  for (;;) {
    next = (next + 1) % sliceLength;
    const server = createServer().listen(lowest + slice * sliceLength + next, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // in use: try another
    }
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
}
