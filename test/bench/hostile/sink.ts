/** What attackers of a control row speak to: it accepts, reads what comes away, and closes. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { answerParent } from './worker.js';

export interface SinkJob {
  /** It closes at the first bytes; otherwise it leaves that to the other side. */
  readonly closesAtOnce: boolean;
}

export function runSink({ closesAtOnce }: SinkJob): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      if (closesAtOnce) socket.end();
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 511 });
  answerParent({
    port: async (): Promise<number> => {
      if (!server.listening) await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
  });
}
