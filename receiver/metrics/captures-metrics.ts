/**
 * The metrics of a captures directory. They are read when they are asked for: what no scraper asks for costs nothing. Reads
 * only, and keeps no receiver waiting.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { version } from '../../shared/cli/version.js';
import { openCaptures } from '../archive/captures-reader.js';
import { forecastOf } from '../archive/retention/forecast.js';
import { noLimits } from '../archive/retention/limits.js';
import { diskOf } from '../archive/retention/open-retention.js';
import { StoreTotals } from '../archive/retention/store-totals.js';
import { RecordTail } from '../notify/record-tail.js';
import type { Folder } from '../store/folder.js';
import { StoreMarker } from '../store/store-marker.js';
import { CameraMetrics } from './camera-metrics.js';
import { type Metric, metricsText } from './metrics-text.js';
import { counterMetrics } from './receiver-counters.js';

/** All days are looked at again after this time; the newest ones at each call. */
const refreshAllMs = 10 * 60_000;
const daySeconds = 86_400;

export class CapturesMetrics {
  readonly #directory: string;
  readonly #clock: Clock;
  /** The records are those of a bucket: no disk has the captures. */
  readonly #isMirror: boolean;
  readonly #cameras = new CameraMetrics();
  readonly #tail: RecordTail;
  #totals: { readonly storeId: string; readonly totals: StoreTotals; atMs: number } | undefined;
  #running: Promise<string> | undefined;

  constructor(directory: string, clock: Clock, isMirror = false) {
    this.#directory = directory;
    this.#clock = clock;
    this.#isMirror = isMirror;
    // A day that begins is found at once.
    this.#tail = new RecordTail(undefined, clock, { listEvery: 1 });
  }

  /**
   * Calls at the same time share one answer. Never rejects for a system error: that is a metric.
   * @param isAway the bucket of the records cannot be read: they are not those of now
   */
  text(isAway = false): Promise<string> {
    this.#running ??= this.#read(isAway).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #read(isAway: boolean): Promise<string> {
    const found: Metric[] = [];
    if (isAway) return metricsText(ownMetrics(false));
    let isReadable = true;
    try {
      const captures = await openCaptures(this.#directory, 'web');
      try {
        await this.#tail.look(captures, ({ camera, line, isHistory }) =>
          this.#cameras.add(camera, line, isHistory, this.#clock.nowMs()),
        );
        found.push(...this.#cameras.metrics(this.#clock.nowMs()));
        found.push(...(await counterMetrics(captures)));
        found.push(...(await this.#storeMetrics(captures)));
      } finally {
        await captures.close();
      }
    } catch (error) {
      if (!(error instanceof OperationalError) && systemCode(error) === undefined) throw error;
      isReadable = false;
    }
    return metricsText([...ownMetrics(isReadable), ...found]);
  }

  async #storeMetrics(captures: Folder): Promise<readonly Metric[]> {
    const nowMs = this.#clock.nowMs();
    const totals = await this.#refreshed(captures);
    const stored: readonly Metric[] = [
      {
        ...{ name: 'stored_frames', type: 'gauge', samples: [{ value: totals.frames }] },
        help: 'Frames in the captures directory.',
      },
      {
        ...{ name: 'stored_bytes', type: 'gauge' },
        help: 'Space that the captures of the camera use on the disk.',
        samples: [...totals.cameraBytes].map(([camera, value]) => ({ labels: { camera }, value })),
      },
    ];
    if (this.#isMirror) return stored;
    const disk = diskOf(this.#directory);
    const { days, totalBytes } = totals;
    const { daysLeft } = forecastOf({ days, totalBytes, disk, limits: noLimits, nowMs });
    return [
      ...stored,
      {
        ...{ name: 'disk_free_bytes', type: 'gauge', samples: [{ value: disk.freeBytes }] },
        help: 'Free space on the disk of the captures.',
      },
      {
        ...{ name: 'disk_size_bytes', type: 'gauge', samples: [{ value: disk.totalBytes }] },
        help: 'Size of the disk of the captures.',
      },
      {
        ...{ name: 'disk_time_to_full_seconds', type: 'gauge' },
        help: 'Time until the disk is full at the rate of the last whole days, if nothing is deleted.',
        samples: daysLeft === undefined ? [] : [{ value: daysLeft * daySeconds }],
      },
    ];
  }

  async #refreshed(captures: Folder): Promise<StoreTotals> {
    const nowMs = this.#clock.monotonicMs();
    const { id: storeId } = await StoreMarker.open(captures, true);
    const known = this.#totals;
    if (known?.storeId === storeId && nowMs - known.atMs < refreshAllMs) {
      await known.totals.refreshActive(captures, []);
      return known.totals;
    }
    const isSame = known?.storeId === storeId;
    const totals = isSame ? known.totals : await StoreTotals.open(captures, storeId);
    await totals.refresh(captures);
    this.#totals = { storeId, totals, atMs: nowMs };
    return totals;
  }
}

/** What can always be said. */
const ownMetrics = (isReadable: boolean): readonly Metric[] => [
  {
    ...{ name: 'build_info', type: 'gauge', samples: [{ labels: { version }, value: 1 }] },
    help: 'Version of the program that serves these metrics.',
  },
  {
    ...{ name: 'captures_readable', type: 'gauge' },
    help: '1 if the captures could be read for these metrics, 0 if not: then some are missing.',
    samples: [{ value: isReadable ? 1 : 0 }],
  },
];
