/** A camera without a key whose frames are events: it sends as fast as they are acknowledged, and takes the times. */
import { createHash, randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { preface } from '../../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../../shared/protocol/wire.js';
import { numberedJpeg } from '../../faults/camera.js';
import { readAnswers } from '../../support/agent-peer.js';

/** As in a busy minute: then comes the end of the event, in a report. */
export const framesPerEvent = 10;
const frameBytes = 60_000;
const inFlight = 8;

/** Made before they are sent: making them is not measured. */
const pictures = Array.from({ length: 40 }, (_, number) => {
  const jpeg = numberedJpeg(number, frameBytes);
  return { jpeg, sha256: createHash('sha256').update(jpeg).digest('hex') };
});

export class EventCamera {
  readonly #socket: Socket;
  #sequence = 0;
  #lastAtMs = 0;
  /** By sequence, when it was sent. */
  readonly #sent = new Map<number, number>();
  #waits: number[] = [];
  #wake: () => void = () => undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(port: number): Promise<EventCamera> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const camera = new EventCamera(socket);
    const welcomed = new Promise<void>((resolve) => {
      readAnswers(socket, (message) => {
        if (message.type === 'welcome') resolve();
        else if (message.type === 'stored') camera.#stored(message.sequence);
        else if (message.type === 'refused' || message.type === 'bye')
          camera.#fail(JSON.stringify(message));
      });
    });
    socket.once('close', () => camera.#fail('the connection ended'));
    socket.write(preface);
    const epoch = randomBytes(16).toString('hex');
    camera.#say({ type: 'hello', camera: 'yard', epoch, agent: 'bench' });
    await welcomed;
    return camera;
  }

  /** Resolves when all are acknowledged. @returns the time that each frame waited, milliseconds */
  async deliver(events: number): Promise<readonly number[]> {
    this.#waits = [];
    for (let event = 0; event < events; event += 1) {
      const firstAtMs = this.#nextMs();
      let lastAtMs = firstAtMs;
      for (let frame = 0; frame < framesPerEvent; frame += 1) {
        if (frame > 0) lastAtMs = this.#nextMs();
        await this.#room(inFlight);
        this.#sendFrame(String(firstAtMs), lastAtMs);
      }
      await this.#room(inFlight);
      const ended = { event: String(firstAtMs), firstAtMs, lastAtMs, frames: framesPerEvent };
      this.#sendReport(firstAtMs, lastAtMs, [ended]);
    }
    await this.#room(1);
    return this.#waits;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  /** Two frames do not have one time. */
  #nextMs(): number {
    this.#lastAtMs = Math.max(Date.now(), this.#lastAtMs + 1);
    return this.#lastAtMs;
  }

  #sendFrame(event: string, capturedAtMs: number): void {
    const { jpeg, sha256 } = pictures[this.#sequence % pictures.length]!;
    const verdict = {
      ...{ reason: 'change', ratio: 0.03, boxes: [[312, 96, 48, 120]] },
      ...{ strength: 2, changed: true, event },
    };
    const header = { capturedAtMs, utcOffsetMinutes: 0, sha256, verdict };
    this.#sent.set((this.#sequence += 1), performance.now());
    this.#say({ type: 'frame', sequence: this.#sequence, ...header }, jpeg);
  }

  #sendReport(fromMs: number, toMs: number, ended: readonly object[]): void {
    this.#sent.set((this.#sequence += 1), Number.NaN);
    this.#say({
      ...{ type: 'report', sequence: this.#sequence, fromMs, toMs, utcOffsetMinutes: 0 },
      ...{ state: 'watching', compared: framesPerEvent, changed: framesPerEvent, skipped: 0 },
      ...{ waiting: 0, dropped: 0, everyMs: 60_000, clockMs: toMs, ended },
    });
  }

  #say(header: object, body?: Buffer): void {
    this.#socket.cork();
    for (const part of encodeMessage(header, body)) if (part.length > 0) this.#socket.write(part);
    this.#socket.uncork();
  }

  #stored(sequence: number): void {
    const waitMs = performance.now() - (this.#sent.get(sequence) ?? Number.NaN);
    // A report is acknowledged too, and is no frame.
    if (!Number.isNaN(waitMs)) this.#waits.push(waitMs);
    this.#sent.delete(sequence);
    this.#wake();
  }

  #fail(why: string): void {
    this.#failure = new Error(why);
    this.#wake();
  }

  /** Resolves when fewer than `count` are under way. */
  async #room(count: number): Promise<void> {
    while (this.#sent.size >= count) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
