/** Processes that the bench starts of itself: each has one role, is asked by name, and goes with its parent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';

/** What a worker answers to each name. */
export type Answers = Readonly<Record<string, () => unknown>>;

/** The lowest priority there is: an attacker's own work is not to be what is measured. */
const lowestPriority = 19;

export class Worker {
  readonly #child: ChildProcess;
  readonly #over: Promise<unknown>;

  constructor(role: string, job: object, isNice: boolean) {
    const script = process.argv[1] ?? '';
    this.#child = spawn(process.execPath, [script, '--role', role, '--job', JSON.stringify(job)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#over = new Promise((resolve) => this.#child.once('exit', resolve));
    if (isNice && this.#child.pid !== undefined) setPriority(this.#child.pid, lowestPriority);
  }

  /** @throws when the worker ends instead */
  async ask<T>(what: string): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const end = (): void => reject(new Error(`a worker has ended when it was asked for ${what}`));
      this.#child.once('exit', end);
      const hear = (said: { what: string; answer: T }): void => {
        if (said.what !== what) return;
        this.#child.off('message', hear);
        this.#child.off('exit', end);
        resolve(said.answer);
      };
      this.#child.on('message', hear);
      this.#child.send({ what });
    });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#over;
  }
}

/** In a worker: answers its parent until that is gone. */
export function answerParent(answers: Answers): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (said: { what: string }) => {
    void Promise.resolve(answers[said.what]?.()).then((answer) =>
      process.send?.({ what: said.what, answer }),
    );
  });
}
