/**
 * The network between agent and receiver: it cuts, stalls, discards, delays, replays and damages their data. In the
 * clear it records every acknowledgement that the receiver sends; it cannot decode TLS.
 */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gap } from './inventory.js';
import { Overheard } from './wire-tap.js';

export type Direction = 'up' | 'down';

export interface ProxySettings {
  readonly targetPort: number;
  /** True: both sides must use TLS. */
  readonly isSecure: boolean;
  /** Uniform in 0 ≤ x < 1. */
  readonly random: () => number;
}

/** Recorded bytes of one connection, for a replay. */
const maxRecordedBytes = 4 * 2 ** 20;
const recordingsKept = 4;
const longestDelayMs = 120;
/** Time for the answers to a replay. */
const replayDeadlineMs = 5000;

export class Proxy {
  /** By (epoch, sequence), the SHA-256 of each frame that the receiver has acknowledged on any connection. */
  readonly acknowledged = new Map<string, string>();
  /** By (epoch, sequence), the gaps that the agent has sent. */
  readonly notes = new Map<string, Gap>();
  /** Connections on which the agent sent data in the clear. */
  clearCount = 0;
  readonly #settings: ProxySettings;
  /** Current target of connections. */
  #targetPort: number;
  readonly #server: Server;
  readonly #live = new Set<Connection>();
  #recordings: Buffer[][] = [];
  #stalled: Promise<void> | undefined;
  #isSwallowing = false;
  #isDelaying = false;
  #corrupting: Direction | undefined;

  private constructor(settings: ProxySettings) {
    this.#settings = settings;
    this.#targetPort = settings.targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (agent) => {
      void this.#serve(agent);
    });
  }

  static async open(settings: ProxySettings): Promise<Proxy> {
    const proxy = new Proxy(settings);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** True when an agent is connected and, as far as the proxy can decode, all its messages are answered. */
  get isQuiet(): boolean {
    if (this.#settings.isSecure) return this.#live.size > 0;
    return [...this.#live].some(({ overheard }) => overheard.isQuiet);
  }

  async close(): Promise<void> {
    this.cut('reset');
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Ends every connection, by a reset or by an end of stream. */
  cut(how: 'reset' | 'end'): void {
    for (const connection of this.#live) connection.cut(how);
  }

  /** Accepts connections and reads none of them for a while; then continues. */
  async stall(lastsMs: number): Promise<void> {
    await (this.#stalled = delay(lastsMs));
    this.#stalled = undefined;
  }

  /** Discards the data of both sides for a while, without an error; then breaks the connections. */
  async halfOpen(lastsMs: number): Promise<void> {
    this.#isSwallowing = true;
    await delay(lastsMs);
    this.#isSwallowing = false;
    for (const connection of this.#live) if (connection.hasSwallowed) connection.cut('reset');
  }

  /** Delays every chunk for a while. */
  async late(lastsMs: number): Promise<void> {
    this.#isDelaying = true;
    await delay(lastsMs);
    this.#isDelaying = false;
  }

  /** Connects to another target meanwhile, then to the receiver again. */
  async lead(port: number, meanwhile: () => Promise<void>): Promise<void> {
    this.#targetPort = port;
    this.cut('end');
    await meanwhile();
    this.#targetPort = this.#settings.targetPort;
    this.cut('end');
  }

  /** Flips one bit of the next chunk in a direction. */
  corruptNext(direction: Direction): void {
    this.#corrupting = direction;
  }

  /** Replays an agent's data of an earlier connection on several new ones at once. */
  async duplicate(copies: number): Promise<void> {
    const recordings = [...this.#recordings, ...[...this.#live].map(({ said }) => said)];
    const said = recordings[Math.floor(this.#settings.random() * recordings.length)] ?? [];
    await Promise.all(Array.from({ length: copies }, () => this.#replay([...said])));
  }

  async #serve(agent: Socket): Promise<void> {
    const port = this.#targetPort;
    const receiver = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(agent, receiver);
    this.#live.add(connection);
    await Promise.all([
      this.#carry(connection, agent, receiver, 'up'),
      this.#carry(connection, receiver, agent, 'down'),
    ]);
    this.#live.delete(connection);
    const { overheard, said } = connection;
    if (overheard.isClear) this.clearCount += 1;
    const isOfUse = this.#settings.isSecure ? said.length > 0 : overheard.sentCount > 0;
    if (!isOfUse) return;
    this.#recordings = [...this.#recordings, said].slice(-recordingsKept);
  }

  async #carry(on: Connection, from: Socket, to: Socket, direction: Direction): Promise<void> {
    try {
      for await (const piece of from.iterator({ destroyOnReturn: false })) {
        const chunk = piece as Buffer;
        this.#overhear(on, chunk, direction);
        if (this.#stalled) await this.#stalled;
        if (this.#isDelaying) await delay(this.#settings.random() * longestDelayMs);
        if (this.#isSwallowing || on.hasSwallowed) {
          on.hasSwallowed = on.overheard.isSpoiled = true;
          continue;
        }
        const isTaken = to.write(this.#spoil(on, chunk, direction));
        if (!isTaken) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      to.end();
    } catch {
      // One side broke the connection: the other side is broken too.
      on.cut('reset');
    }
  }

  #overhear({ overheard, said }: Connection, chunk: Buffer, direction: Direction): void {
    if (direction === 'down') this.#note(overheard, chunk);
    else {
      const bytes = said.reduce((sum, { length }) => sum + length, 0);
      if (bytes + chunk.length <= maxRecordedBytes) said.push(chunk);
      overheard.up(chunk);
      for (const [id, note] of overheard.notes) this.notes.set(id, note);
    }
  }

  #note(overheard: Overheard, chunk: Buffer): void {
    for (const { id, sha256 } of overheard.down(chunk)) this.acknowledged.set(id, sha256);
  }

  #spoil(on: Connection, chunk: Buffer, direction: Direction): Buffer {
    if (this.#corrupting !== direction) return chunk;
    this.#corrupting = undefined;
    if (direction === 'up') on.overheard.isSpoiled = true;
    const spoilt = Buffer.from(chunk);
    const at = Math.floor(this.#settings.random() * chunk.length);
    spoilt.writeUInt8(spoilt.readUInt8(at) ^ (1 << Math.floor(this.#settings.random() * 8)), at);
    return spoilt;
  }

  async #replay(said: readonly Buffer[]): Promise<void> {
    const { targetPort: port } = this.#settings;
    const receiver = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const deadline = setTimeout(() => receiver.destroy(), replayDeadlineMs);
    try {
      const overheard = new Overheard();
      for (const chunk of said) {
        overheard.up(chunk);
        receiver.write(chunk);
      }
      receiver.end();
      for await (const chunk of receiver) this.#note(overheard, chunk as Buffer);
    } catch {
      // The receiver is down or has closed: the replay is skipped.
    } finally {
      clearTimeout(deadline);
      receiver.destroy();
    }
  }
}

class Connection {
  readonly overheard = new Overheard();
  /** The agent's data from the start of the connection. */
  readonly said: Buffer[] = [];
  hasSwallowed = false;
  readonly #sides: readonly Socket[];

  constructor(...sides: Socket[]) {
    this.#sides = sides;
    // Reading reports errors; after the last read nothing handles an error event.
    for (const side of sides) side.on('error', () => undefined);
  }

  cut(how: 'reset' | 'end'): void {
    for (const side of this.#sides) {
      if (how === 'reset' && !side.connecting) side.resetAndDestroy();
      else if (how === 'reset') side.destroy();
      else side.end();
    }
  }
}
