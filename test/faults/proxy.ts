/**
 * The network between agent and receiver, which does to their connections what networks do: cuts, stalls,
 * swallows, delays, repeats and damages. In the clear it overhears every acknowledgement as the receiver gave it;
 * of TLS it understands nothing.
 */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gap } from './inventory.js';
import { Overheard } from './wire-tap.js';

export type Direction = 'up' | 'down';

export interface ProxySettings {
  readonly targetPort: number;
  /** True: both sides are to speak TLS. */
  readonly isSecure: boolean;
  /** Uniform in 0 ≤ x < 1. */
  readonly random: () => number;
}

/** Of one connection, for a later repetition. */
const maxRecordedBytes = 4 * 2 ** 20;
const recordingsKept = 4;
const longestDelayMs = 120;
/** For a repetition to be answered. */
const replayDeadlineMs = 5000;

export class Proxy {
  /** By (epoch, sequence), the SHA-256 of each frame that the receiver has acknowledged to anyone. */
  readonly acknowledged = new Map<string, string>();
  /** By (epoch, sequence), the notes of frames that are gone, as the agent said them. */
  readonly notes = new Map<string, Gap>();
  /** Connections on which the agent spoke in the clear. */
  clearCount = 0;
  readonly #settings: ProxySettings;
  /** Where connections lead now. */
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

  /** True when an agent is connected and, as far as can be understood, the receiver owes it nothing. */
  get isQuiet(): boolean {
    if (this.#settings.isSecure) return this.#live.size > 0;
    return [...this.#live].some(({ overheard }) => overheard.isQuiet);
  }

  async close(): Promise<void> {
    this.cut('reset');
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Ends every connection, as a crashed router does (reset) or as a polite one (end of stream). */
  cut(how: 'reset' | 'end'): void {
    for (const connection of this.#live) connection.cut(how);
  }

  /** Connections, new ones too, are accepted and not read for a while; then all goes on. */
  async stall(lastsMs: number): Promise<void> {
    await (this.#stalled = delay(lastsMs));
    this.#stalled = undefined;
  }

  /** What either side says vanishes for a while, and neither learns of it; then the connections break. */
  async halfOpen(lastsMs: number): Promise<void> {
    this.#isSwallowing = true;
    await delay(lastsMs);
    this.#isSwallowing = false;
    for (const connection of this.#live) if (connection.hasSwallowed) connection.cut('reset');
  }

  /** Every piece is late for a while. */
  async late(lastsMs: number): Promise<void> {
    this.#isDelaying = true;
    await delay(lastsMs);
    this.#isDelaying = false;
  }

  /** Connections lead elsewhere for a while, then to the receiver again. */
  async lead(port: number, lastsMs: number): Promise<void> {
    this.#targetPort = port;
    this.cut('end');
    await delay(lastsMs);
    this.#targetPort = this.#settings.targetPort;
    this.cut('end');
  }

  /** One bit of the next piece in a direction is turned over. */
  corruptNext(direction: Direction): void {
    this.#corrupting = direction;
  }

  /** Says again what an agent said on some earlier connection, on several new ones at the same time. */
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
      // One side broke the connection: so it is for the other.
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
      // The receiver is away, or wants no more of it: a repetition that does not happen harms nobody.
    } finally {
      clearTimeout(deadline);
      receiver.destroy();
    }
  }
}

class Connection {
  readonly overheard = new Overheard();
  /** What the agent said, from the start. */
  readonly said: Buffer[] = [];
  hasSwallowed = false;
  readonly #sides: readonly Socket[];

  constructor(...sides: Socket[]) {
    this.#sides = sides;
    // Errors come out of reading; one that comes later has nobody to tell.
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
