/** Whether the other side of a link lives, by what was heard and said, and when to say something. Pure. */
import { answerDeadlineMs, pingIntervalMs } from '../../shared/protocol/protocol-limits.js';

export class Liveness {
  readonly #startedAtMs: number;
  #saidAtMs: number;
  /** The last sign of life: something was heard, or a piece of a frame left this machine. */
  #aliveAtMs: number;
  /** When the message that is arriving began; undefined between messages. */
  #beganAtMs: number | undefined;
  /** True from a ping until anything is heard. */
  #hasPinged = false;
  #hasWelcome = false;

  constructor(nowMs: number) {
    this.#startedAtMs = this.#saidAtMs = this.#aliveAtMs = nowMs;
  }

  received(nowMs: number): void {
    this.#aliveAtMs = nowMs;
    this.#hasPinged = false;
  }

  /** @param isInside whether a message has begun and has not ended */
  arrived(isInside: boolean): void {
    this.#beganAtMs = isInside ? (this.#beganAtMs ?? this.#aliveAtMs) : undefined;
  }

  welcomed(): void {
    this.#hasWelcome = true;
  }

  /** @param isAwaited whether an answer was due already: what is asked first deserves the whole deadline */
  sent(nowMs: number, isAwaited: boolean): void {
    if (!isAwaited && !this.#hasPinged) this.#aliveAtMs = nowMs;
    this.#saidAtMs = nowMs;
  }

  /** A large frame on a slow link is no silence. A ping that left says nothing: a dead link takes it too. */
  pieceLeft(nowMs: number): void {
    this.#aliveAtMs = nowMs;
  }

  pinged(): void {
    this.#hasPinged = true;
  }

  isPingDue(nowMs: number): boolean {
    return nowMs - this.#saidAtMs > pingIntervalMs;
  }

  /** What it says meanwhile is no welcome, and a message that drips is no sign of life. */
  isLate(nowMs: number, isAwaiting: boolean): boolean {
    const heardAtMs = this.#beganAtMs ?? this.#aliveAtMs;
    const waitsSinceMs = this.#hasWelcome ? heardAtMs : this.#startedAtMs;
    const isWaiting = isAwaiting || this.#hasPinged || this.#beganAtMs !== undefined;
    return isWaiting && nowMs - waitsSinceMs > answerDeadlineMs;
  }
}
