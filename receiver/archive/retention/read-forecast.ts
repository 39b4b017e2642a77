/** Counts a store for a forecast. Reads only. */
import { Folder } from '../../store/folder.js';
import { StoreMarker } from '../../store/store-marker.js';
import { type Forecast, forecastOf } from './forecast.js';
import type { RetentionLimits } from './limits.js';
import { diskOf } from './open-retention.js';
import { StoreTotals } from './store-totals.js';

/** @throws {OperationalError} STORE: the directory has no marker; or a system error */
export async function readForecast(
  directory: string,
  limits: RetentionLimits,
  nowMs: number,
): Promise<Forecast> {
  const root = await Folder.open(directory);
  try {
    const { id } = await StoreMarker.open(root, true);
    const totals = await StoreTotals.open(root, id);
    await totals.refresh(root);
    const { days, totalBytes } = totals;
    return forecastOf({ days, totalBytes, disk: diskOf(directory), limits, nowMs });
  } finally {
    await root.close();
  }
}
