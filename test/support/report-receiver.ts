/** A receiver that acknowledges every entry and keeps the headers; it takes reports, or is like 0.1. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { type AgentMessage, readAgentMessage } from '../../shared/protocol/messages.js';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';

type EntryMessage = Extract<AgentMessage, { type: 'frame' | 'dropped' | 'report' }>;
export type ReceivedReport = Extract<AgentMessage, { type: 'report' }>;

export class ReportReceiver {
  readonly port: number;
  /** In the order of arrival, repeated ones too. */
  readonly entries: EntryMessage[] = [];
  readonly epochs = new Set<string>();
  publicKey: string | undefined;
  takesReports = true;
  /** False: reports are not acknowledged. */
  answersReports = true;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<ReportReceiver> {
    const sockets = new Set<Socket>();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const receiver = new ReportReceiver((server.address() as AddressInfo).port);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      receiver.#serve(socket);
    });
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return receiver;
  }

  get reports(): ReceivedReport[] {
    return this.entries.filter((entry) => entry.type === 'report');
  }

  #serve(socket: Socket): void {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 2 ** 24 });
    const send = (header: object): void => void socket.write(encodeMessage(header)[0]);
    let skip = preface.length;
    socket.on('data', (chunk: Buffer) => {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      for (const { header } of decoder.push(chunk.subarray(skipped))) {
        const message = readAgentMessage(header);
        if (message?.type === 'hello') {
          this.epochs.add(message.epoch);
          this.publicKey = message.publicKey;
          const limits = { maxFrameBytes: 2 ** 24, maxInFlight: 8, clockMs: Date.now() };
          const takes = this.takesReports ? { takes: ['report'] } : {};
          socket.write(preface);
          send({ type: 'welcome', receiver: 'test', ...limits, ...takes });
        } else if (message?.type === 'ping') send({ type: 'pong' });
        else if (message?.type === 'bye') socket.end();
        else if (message !== undefined && 'sequence' in message) {
          this.entries.push(message);
          if (message.type === 'report' && !this.answersReports) continue;
          const { sequence } = message;
          send({ type: 'stored', sequence, name: 'x', duplicate: false });
        }
      }
    });
  }
}
