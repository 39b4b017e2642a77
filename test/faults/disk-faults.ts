/** Faults of the disks of a pair. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Absence, beAway, capturesAbsence, spoolAbsence } from './away.js';
import type { SmallDisk } from './disk.js';
import { describeErrno, planErrno } from './errno-plan.js';
import { failCalls, namedFiles } from './failing-calls.js';
import type { Side } from './power-cut.js';

export interface DiskFaultParts {
  readonly captures: SmallDisk;
  readonly state: SmallDisk;
  readonly camera: string;
  /** Whether the two are mounts. */
  readonly isMounted: boolean;
  readonly isSecure: boolean;
  /** For the logs of calls that failed. */
  readonly directory: string;
  readonly pidOf: (side: Side) => number | undefined;
  /** Called with the details of a fault. */
  readonly onDetail: (what: string) => void;
}

export class DiskFaults {
  readonly #parts: DiskFaultParts;

  constructor(parts: DiskFaultParts) {
    this.#parts = parts;
  }

  async fill(side: Side, lastsMs: number): Promise<void> {
    const disk = this.#diskOf(side);
    disk.fill();
    await delay(lastsMs);
    disk.free();
  }

  async failCalls(side: Side, lastsMs: number, seed: number): Promise<void> {
    const plan = planErrno(seed, side);
    const pid = this.#parts.pidOf(side);
    this.#parts.onDetail(`${side}: ${describeErrno(plan)}`);
    if (pid === undefined) return;
    const logPath = join(this.#parts.directory, `errno-${seed}-${side}.log`);
    const paths = namedFiles(side, this.#diskOf(side).path);
    await failCalls({ pid, plan, paths, lastsMs, logPath });
  }

  async spoolAway(lastsMs: number, seed: number): Promise<void> {
    const { state: disk, isMounted } = this.#parts;
    await this.#beAway(spoolAbsence({ disk, isMounted, seed }), lastsMs);
  }

  async capturesAway(lastsMs: number, seed: number): Promise<void> {
    const { captures: disk, isMounted, camera, isSecure } = this.#parts;
    // Over TLS files are searched under the names in the agent's log.
    await this.#beAway(capturesAbsence({ disk, isMounted, seed }, camera, isSecure), lastsMs);
  }

  async #beAway(absence: Absence, lastsMs: number): Promise<void> {
    this.#parts.onDetail(`${absence.what} goes away`);
    await beAway(absence, lastsMs);
  }

  #diskOf(side: Side): SmallDisk {
    return side === 'agent' ? this.#parts.state : this.#parts.captures;
  }
}
