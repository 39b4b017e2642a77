/** A receiver that welcomes every agent and refuses each frame, for now or for good. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { readAgentMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';

const maxFrameBytes = 2 ** 24;

export class Refuser {
  /** True: a refused frame is never to be sent again. */
  isForGood = true;
  /** Frames that it has refused for good. */
  refusedCount = 0;
  /** Frames that it has refused, and connections in another protocol. */
  metCount = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port 0: a free one */
  static async open(port = 0): Promise<Refuser> {
    const server = createServer();
    const refuser = new Refuser(server);
    server.on('connection', (socket: Socket) => refuser.#serve(socket));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return refuser;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves after its last connection has closed. */
  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: maxFrameBytes });
    let skip = preface.length;
    socket.on('error', () => undefined);
    socket.write(preface);
    socket.on('data', (chunk: Buffer) => {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      try {
        for (const { header } of decoder.push(chunk.subarray(skipped)))
          this.#answer(header, socket);
      } catch {
        this.metCount += 1;
        socket.destroy(); // another protocol, for example TLS
      }
    });
  }

  #answer(header: Readonly<Record<string, unknown>>, socket: Socket): void {
    const say = (answer: object): void => void socket.write(encodeMessage(answer)[0]);
    const message = readAgentMessage(header);
    if (message?.type === 'hello') {
      const limits = { maxFrameBytes, maxInFlight: 8 };
      say({ type: 'welcome', receiver: '0', ...limits, clockMs: Date.now() });
    } else if (message?.type === 'ping') say({ type: 'pong' });
    else if (message?.type === 'bye') socket.end();
    else if (message?.type === 'frame' || message?.type === 'dropped') {
      const refusal = { code: 'no', message: 'it takes nothing', retry: !this.isForGood };
      say({ type: 'refused', sequence: message.sequence, ...refusal, retryAfterMs: 100 });
      this.metCount += 1;
      if (this.isForGood && message.type === 'frame') this.refusedCount += 1;
    }
  }
}
