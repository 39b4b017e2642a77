/** Somebody between agent and receiver, who hears every byte and may change, hold back or cut. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

export type Way = 'up' | 'down';

export interface MiddleSettings {
  readonly targetPort: number;
  /**
   * What becomes of a chunk; undefined cuts the connection, and nothing of the chunk passes.
   * @param at which byte of its way the chunk begins with @param connection 0 is the first
   */
  readonly pass?: (chunk: Buffer, way: Way, at: number, connection: number) => Buffer | undefined;
}

export interface Middle {
  readonly port: number;
  /** All that was said, by connection. */
  readonly heard: Record<Way, Buffer>[];
}

export async function openMiddle({ targetPort, pass }: MiddleSettings): Promise<Middle> {
  const heard: Record<Way, Buffer>[] = [];
  const open = new Set<Socket>();
  const server = createServer((agent) => {
    const connection = heard.length;
    const record = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
    heard.push(record);
    const receiver = connect({ port: targetPort, host: '127.0.0.1' });
    const carry = (from: Socket, to: Socket, way: Way): void => {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        const at = record[way].length;
        record[way] = Buffer.concat([record[way], chunk]);
        const passed = pass === undefined ? chunk : pass(chunk, way, at, connection);
        if (passed !== undefined) to.write(passed);
        else {
          from.destroy();
          to.destroy();
        }
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    };
    carry(agent, receiver, 'up');
    carry(receiver, agent, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, heard };
}
