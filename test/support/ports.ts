/** Free ports for programs that need a fixed port. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port of 127.0.0.1 without a listener. It is below the range that Linux uses for outgoing connections (ip(7),
 * ip_local_port_range), so a program that closes it for a moment can open it again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(10_240 + Math.floor(Math.random() * 20_000), '127.0.0.1');
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
