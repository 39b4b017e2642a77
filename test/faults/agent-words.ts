/** The agent's output: the frames that it declared, and those that it reported as delivered. */
import { type Tally, count } from './camera.js';
import { type Delivered, readDelivered } from './secure-pair.js';

export class AgentWords {
  readonly declared: Tally = new Map();
  declaredCount = 0;
  readonly delivered: Delivered[] = [];
  /** Frames put since the agent's last start and not declared. */
  outstanding = 0;
  readonly #sendsAll: boolean;

  /** @param sendsAll false: the agent detects motion, and declares only the frames that it sends */
  constructor(sendsAll: boolean) {
    this.#sendsAll = sendsAll;
  }

  /**
   * Those of the outstanding frames that it will declare without a further one. An agent that detects motion may hold a quiet
   * frame until the next one (`--before`), and declares few: none of them is certain.
   */
  get certain(): number {
    return this.#sendsAll ? this.outstanding : 0;
  }

  hear(line: string): void {
    const delivered = readDelivered(line);
    if (delivered !== undefined) this.delivered.push(delivered);
    if (!line.startsWith('{')) return;
    const said = JSON.parse(line) as { event?: unknown; sha256?: unknown };
    if (said.event !== 'judged') return;
    if (typeof said.sha256 !== 'string') {
      if (!this.#sendsAll) this.outstanding = Math.max(0, this.outstanding - 1);
      return;
    }
    count(this.declared, said.sha256);
    this.declaredCount += 1;
    this.outstanding = Math.max(0, this.outstanding - 1);
  }
}
