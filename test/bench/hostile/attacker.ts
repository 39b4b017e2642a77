/** Attackers, in a process of their own: each says what its attack says, as fast as it can or at a given rate. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { openSocket } from '../../hostile/honest-camera.js';
import { greeting } from '../../hostile/material.js';
import { type Attack, type Attacker, type Stream, type Visit, attacks } from './attacks.js';
import { answerParent } from './worker.js';

export interface AttackerJob {
  readonly attack: string;
  readonly port: number;
  /** Numbers of the attackers in this process. */
  readonly numbers: readonly number[];
  readonly addresses: readonly string[];
  /** The bad camera's; absent: a stranger, or a control row. */
  readonly key?: { readonly camera: string; readonly id: string; readonly hex: string };
  readonly isPaired: boolean;
  readonly knownIdentity: string;
  readonly overQuotaBytes: number;
  /** Of this process; absent: as fast as it can. */
  readonly attemptsPerSecond?: number;
  /** After so many it connects anew; absent: when it is cut off. */
  readonly attemptsPerConnection?: number;
}

export interface Counts {
  readonly attempts: number;
  readonly bytes: number;
  readonly connections: number;
}

/** Connections that one attacker holds at once. */
const heldConnections = 64;
const longestAnswerMs = 12_000;

class Attackers {
  readonly #job: AttackerJob;
  readonly #attack: Attack;
  readonly #startMs = performance.now();
  attempts = 0;
  bytes = 0;
  connections = 0;

  constructor(job: AttackerJob) {
    this.#job = job;
    const attack = attacks[job.attack];
    if (attack === undefined) throw new Error(`there is no attack '${job.attack}'`);
    this.#attack = attack;
  }

  async run(number: number): Promise<never> {
    const { isPaired, knownIdentity, overQuotaBytes } = this.#job;
    const camera = isPaired ? 'bad' : `stranger-${number}`;
    const attacker = { number, camera, knownIdentity, overQuotaBytes };
    const held: Socket[] = [];
    const attack = this.#attack;
    for (let at = 0; ;) {
      // Outside of what may fail: an attack that cannot be made is none.
      const bytes = attack.make(at, attacker);
      try {
        if (attack.way === 'stream') at = await this.#stream(attack, attacker, at);
        else await this.#visit(attack, attacker, bytes, held);
      } catch {
        await delay(5); // refused, or out of ports
      }
      if (attack.way === 'visit') at += 1;
      await turn();
    }
  }

  /** @returns the number of the next attempt */
  async #stream(attack: Stream, attacker: Attacker, from: number): Promise<number> {
    const { attemptsPerConnection = Infinity } = this.#job;
    const socket = await this.#open(attacker);
    socket.resume();
    const say = async (bytes: Buffer): Promise<void> => {
      this.bytes += bytes.length;
      if (socket.write(bytes)) return;
      const waiting = new AbortController();
      const { signal } = waiting;
      const events = ['drain', 'close'].map((event) => once(socket, event, { signal }));
      await Promise.race(events);
      waiting.abort();
      await Promise.allSettled(events);
    };
    try {
      if (attack.isFramed) await say(greeting(attacker.camera, randomBytes(16).toString('hex')));
      if (attack.first) await say(attack.first(attacker));
      let at = from;
      while (!socket.destroyed && socket.writable && at - from < attemptsPerConnection) {
        await this.#pace();
        const together = Array.from({ length: attack.together }, (_, n) =>
          attack.make(at + n, attacker),
        );
        at += attack.together;
        this.attempts += attack.together;
        await say(together.length === 1 ? together[0]! : Buffer.concat(together));
        if (at % (64 * attack.together) === 0) await turn();
      }
      return at;
    } finally {
      socket.destroy();
    }
  }

  async #visit(attack: Visit, attacker: Attacker, bytes: Buffer, held: Socket[]): Promise<void> {
    await this.#pace();
    const socket = await this.#open(attacker);
    this.attempts += 1;
    this.bytes += bytes.length;
    if (bytes.length > 0) socket.write(bytes);
    if (attack.waits === 'hold') {
      held.push(socket);
      if (held.length > heldConnections) held.shift()?.destroy();
      return;
    }
    if (attack.waits === 'answer') {
      const waiting = new AbortController();
      const { signal } = waiting;
      const events = ['data', 'end', 'close'].map((event) => once(socket, event, { signal }));
      await Promise.race([...events, delay(longestAnswerMs, undefined, { signal })]).catch(
        () => undefined,
      );
      waiting.abort();
      await Promise.allSettled(events);
    }
    socket.destroy();
  }

  async #open({ number }: Attacker): Promise<Socket> {
    const { port, addresses, key } = this.#job;
    const address = addresses[number % addresses.length]!;
    const own = key && { camera: key.camera, id: key.id, key: Buffer.from(key.hex, 'hex') };
    const socket = await openSocket(port, address, own);
    this.connections += 1;
    return socket;
  }

  /** Waits until the next attempt is due. */
  async #pace(): Promise<void> {
    const { attemptsPerSecond } = this.#job;
    if (attemptsPerSecond === undefined) return;
    for (;;) {
      const due = ((performance.now() - this.#startMs) / 1000) * attemptsPerSecond;
      if (this.attempts < due) return;
      await delay(Math.min(((this.attempts - due + 1) / attemptsPerSecond) * 1000, 50));
    }
  }
}

export function runAttackers(job: AttackerJob): void {
  const attackers = new Attackers(job);
  for (const number of job.numbers) void attackers.run(number);
  answerParent({
    count: (): Counts => {
      const { attempts, bytes, connections } = attackers;
      return { attempts, bytes, connections };
    },
  });
}
