/**
 * Decodes the messages of both sides of one connection: which frames were sent, and which of them the receiver has
 * acknowledged. Pure.
 */
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { readAgentMessage, readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, type WireMessage } from '../../shared/protocol/wire.js';
import { type Gap, gapOf } from './inventory.js';

export interface Acknowledgement {
  /** (epoch, sequence) of the frame. */
  readonly id: string;
  readonly sha256: string;
}

export class Overheard {
  readonly #up = new Listener();
  readonly #down = new Listener();
  /** By sequence, the SHA-256 of each frame that was sent. */
  readonly #sent = new Map<number, string>();
  readonly #unanswered = new Set<number>();
  /** Sequences of gaps that the receiver has acknowledged. */
  readonly acknowledgedNotes = new Set<number>();
  /** By (epoch, sequence), the gaps that the agent has sent. */
  readonly notes = new Map<string, Gap>();
  #epoch = '';
  #isWelcome = false;
  /** True when the receiver got other data than the agent sent: its answers may then name other frames. */
  isSpoiled = false;

  get sentCount(): number {
    return this.#sent.size;
  }

  /** True when the agent uses the framed protocol in the clear. */
  get isClear(): boolean {
    return this.#up.isUnderstood;
  }

  /** True when the agent has its welcome and all its messages are answered. */
  get isQuiet(): boolean {
    return this.#isWelcome && this.#unanswered.size === 0;
  }

  /** Decodes data of the agent. @returns the newest sequence in it, 0 for none */
  up(chunk: Buffer): number {
    let newest = 0;
    for (const { header } of this.#up.hear(chunk)) {
      const message = readAgentMessage(header);
      if (message?.type === 'hello') this.#epoch = message.epoch;
      if (message?.type === 'frame') this.#sent.set(message.sequence, message.sha256);
      if (message?.type === 'dropped') {
        const id = `${this.#epoch} ${message.sequence}`;
        this.notes.set(id, gapOf(this.#epoch, id, message));
      }
      if (message?.type === 'frame' || message?.type === 'dropped') {
        this.#unanswered.add(message.sequence);
        newest = Math.max(newest, message.sequence);
      }
    }
    return newest;
  }

  /** Decodes data of the receiver. @returns the frames that it acknowledges */
  down(chunk: Buffer): Acknowledgement[] {
    const acknowledged: Acknowledgement[] = [];
    for (const { header } of this.#down.hear(chunk)) {
      const message = readReceiverMessage(header);
      if (message?.type === 'welcome') this.#isWelcome = true;
      if (message?.type !== 'stored' && message?.type !== 'refused') continue;
      this.#unanswered.delete(message.sequence);
      const sha256 = this.#sent.get(message.sequence);
      if (message.type === 'refused' || this.isSpoiled) continue;
      if (sha256 === undefined) this.acknowledgedNotes.add(message.sequence);
      if (sha256 === undefined) continue;
      acknowledged.push({ id: `${this.#epoch} ${message.sequence}`, sha256 });
    }
    return acknowledged;
  }
}

/** The data of one side: the preface, then messages; any other data is skipped. */
class Listener {
  readonly #decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 2 ** 30 });
  #skip = preface.length;
  #isForeign = false;

  /** True when its data started with the whole preface. */
  get isUnderstood(): boolean {
    return this.#skip === 0 && !this.#isForeign;
  }

  hear(chunk: Buffer): WireMessage[] {
    const skipped = Math.min(this.#skip, chunk.length);
    const expected = preface.slice(preface.length - this.#skip).slice(0, skipped);
    if (chunk.toString('latin1', 0, skipped) !== expected) this.#isForeign = true;
    this.#skip -= skipped;
    return this.#isForeign ? [] : this.#decoder.push(chunk.subarray(skipped));
  }
}
