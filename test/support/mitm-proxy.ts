/** A proxy between agent and receiver that records every byte and may change, delay or cut. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

export type Direction = 'up' | 'down';

export interface MitmSettings {
  readonly targetPort: number;
  /**
   * Returns the chunk to forward; undefined cuts the connection without forwarding the chunk.
   * @param at offset of the chunk in its direction @param connection 0 is the first
   */
  readonly pass?: (
    chunk: Buffer,
    direction: Direction,
    at: number,
    connection: number,
  ) => Buffer | undefined;
}

export interface MitmProxy {
  readonly port: number;
  /** All bytes, by connection. */
  readonly heard: Record<Direction, Buffer>[];
}

export async function openMitmProxy({ targetPort, pass }: MitmSettings): Promise<MitmProxy> {
  const heard: Record<Direction, Buffer>[] = [];
  const open = new Set<Socket>();
  const server = createServer((agent) => {
    const connection = heard.length;
    const record = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
    heard.push(record);
    const receiver = connect({ port: targetPort, host: '127.0.0.1' });
    const carry = (from: Socket, to: Socket, direction: Direction): void => {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        const at = record[direction].length;
        record[direction] = Buffer.concat([record[direction], chunk]);
        const passed = pass === undefined ? chunk : pass(chunk, direction, at, connection);
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
