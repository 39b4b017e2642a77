/** The clock of both machines, which can be stepped; where there is no library for it, it stands as it is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class FakeTime {
  readonly #path: string;
  readonly #library: string | undefined;

  /** @param library the library that fakes the clock */
  constructor(directory: string, library: string | undefined) {
    this.#path = join(directory, 'clock');
    this.#library = library;
    this.step(0);
  }

  /** @param offsetMs by how much it is wrong from now on */
  step(offsetMs: number): void {
    writeFileSync(this.#path, `${offsetMs < 0 ? '' : '+'}${offsetMs / 1000}\n`);
  }

  get environment(): Record<string, string> {
    if (this.#library === undefined) return {};
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** systemd-socket-activate hands over only the variables that it is told to. */
  get flags(): string[] {
    return Object.keys(this.environment).flatMap((name) => ['-E', name]);
  }
}
