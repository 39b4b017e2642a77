/** A camera, its reporter and a receiver on one fake clock: processes end and start, the link comes and goes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Reporter, type ReporterSettings } from '../../../agent/reports/reporter.js';
import { StretchQueue } from '../../../agent/reports/stretch-queue.js';
import { StateDirectory } from '../../../agent/service/state.js';
import type { SpooledReport } from '../../../agent/spool/entry.js';
import type { QueueSpool } from '../../../agent/spool/queue-spool.js';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { cameraStates } from '../../../shared/protocol/report-header.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { makeJpeg } from '../../support/pictures.js';
import { spoolSettings } from '../../support/spool-settings.js';
import { memoryBase } from '../../support/temporary.js';
import { morningMs, textOf } from './recorder-steps.js';

export const minuteMs = 60_000;
const jpeg = makeJpeg(1);
const destination = { host: 'laptop', port: 4444 };
interface Process {
  readonly reporter: Reporter;
  readonly spools: SpoolSet;
  readonly spool: QueueSpool;
  readonly abort: AbortController;
}

export class CameraDay {
  readonly clock = new FakeClock(morningMs);
  readonly directory = mkdtempSync(join(memoryBase, 'picchanged-day-'));
  /** What the receiver has acknowledged, in this order. */
  readonly received: { readonly sequence: number; readonly header: SpooledReport }[] = [];
  readonly #settings: Partial<ReporterSettings>;
  #process: Process | undefined;
  #isLinked = false;
  /** False: the receiver does not answer. */
  isAnswering = true;
  /** Number of frames that were compared. */
  frames = 0;
  /** Number of connections of one-shot runs. */
  connections = 0;
  #lines: readonly string[] = [];

  constructor(settings: Partial<ReporterSettings> = {}) {
    this.#settings = settings;
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  get process(): Process {
    if (this.#process === undefined) throw new Error('no process');
    return this.#process;
  }

  async start(): Promise<void> {
    const { clock } = this;
    const { log, lines } = keptLog();
    const state = await StateDirectory.open(this.directory);
    const settings = { ...spoolSettings, clock };
    const spools = await SpoolSet.onDisk(join(this.directory, 'spool'), [destination], settings);
    const reporter = await Reporter.open({
      ...{ everyMs: minuteMs, isOneShot: false, eventGapMs: 30_000 },
      ...{ spools: spools.all, state, clock, log },
      ...this.#settings,
    });
    this.#lines = lines;
    const spool = spools.all.get('laptop_4444');
    if (spool === undefined) throw new Error('no spool');
    const abort = new AbortController();
    this.#process = { reporter, spools, spool, abort };
    if (this.#settings.isOneShot !== true) void reporter.run(abort.signal);
    if (this.#isLinked) await this.link(true);
  }

  /** The process is killed between two writes. */
  async kill(): Promise<void> {
    await this.process.reporter.written();
    this.process.abort.abort();
    this.#process = undefined;
  }

  /** The log of the newest process. */
  get log(): string {
    return this.#lines.join('\n');
  }

  get stateFile(): string {
    return join(this.directory, 'reports.json');
  }

  /** A one-shot run with a receiver that can be reached, or not. @param event of its frame */
  async run({ event, isFailing = false }: { event?: string; isFailing?: boolean } = {}) {
    await this.start();
    const { reporter, spool } = this.process;
    if (isFailing) await this.fail();
    else await this.frame(event);
    const isDue = await reporter.finishRun(spool.waitingCount > 0);
    if (isDue) {
      this.connections += 1;
      await this.link(this.isAnswering);
      await this.link(false);
      reporter.pendingFor(spool).tried();
    }
    await reporter.close();
    this.#process = undefined;
  }

  /** Forgets a process that was killed in the middle of a write. */
  abandon(): void {
    const { reporter, abort } = this.process;
    abort.abort();
    void reporter.close();
    this.#process = undefined;
  }

  async stop(): Promise<void> {
    const { reporter, abort } = this.process;
    abort.abort();
    await reporter.finish();
    await this.#deliver();
    await reporter.close();
    this.#process = undefined;
  }

  /** The connection to a receiver that takes reports opens or breaks. */
  async link(isUp: boolean): Promise<void> {
    this.#isLinked = isUp;
    const { reporter, spool } = this.process;
    reporter.pendingFor(spool).setTaken(isUp);
    await this.#deliver();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    if (this.#process !== undefined) await this.#deliver();
  }

  /** One frame; those of an event are sent. */
  async frame(event?: string): Promise<void> {
    const { reporter, spools } = this.process;
    const isChanged = event !== undefined;
    const frame = { jpeg, capturedAtMs: this.clock.nowMs(), origin: 'a test' };
    this.frames += 1;
    reporter.compared(frame, isChanged);
    const reason = isChanged ? ('change' as const) : undefined;
    const facts = { ratio: 0, boxes: [], strength: 0, changed: isChanged };
    const verdict = { ...facts, reason, event };
    if (reason !== undefined) {
      const times = { capturedAtMs: frame.capturedAtMs, utcOffsetMinutes: 60 };
      await spools.add({ ...times, jpeg, verdict: { ...verdict, reason } });
    }
    reporter.judged({ frame, verdict });
    await this.#deliver();
  }

  async fail(message = 'no camera'): Promise<void> {
    this.process.reporter.failed(new OperationalError('CAMERA', message));
    await this.#deliver();
  }

  /** A frame every ten seconds. @param eventAt an event in each of the first three of them */
  async watch(ms: number, event?: string): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10_000) {
      await this.pass(10_000);
      await this.frame(passed < 30_000 ? event : undefined);
    }
  }

  /** What the receiver knows, with reports of one state joined. */
  known(): string[] {
    const queue = new StretchQueue();
    for (const { header } of this.received) {
      const state = cameraStates.find((each) => each === header.state) ?? 'off';
      queue.add({ ...header, state });
    }
    return queue.items.map(textOf);
  }

  /** Acknowledges what is sent. */
  async #deliver(): Promise<void> {
    const { reporter, spool } = this.process;
    await reporter.written();
    if (!this.#isLinked || !this.isAnswering) return;
    const pending = reporter.pendingFor(spool);
    for (;;) {
      const next = spool.next(() => false);
      if (next === undefined) return;
      const entry = await spool.load(next.sequence);
      if (entry?.header.type === 'report') {
        this.received.push({ sequence: next.sequence, header: entry.header });
      }
      pending.acknowledged();
      await spool.acknowledge(next.sequence);
      await reporter.written();
    }
  }
}
