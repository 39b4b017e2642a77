/** Ports for programs that are told which to take. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that nobody listens on now. It is below those that Linux gives to outgoing connections
 * (ip(7), ip_local_port_range): a program that gives it up for a moment gets it again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(10_240 + Math.floor(Math.random() * 20_000), '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // taken: another
    }
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
}
