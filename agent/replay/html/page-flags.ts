/** The detection flags of a replay as they would be typed, for its page. Pure. */
import { flagName } from '../../../shared/cli/option-table.js';
import { formatDuration } from '../../../shared/cli/units.js';
import { detectionTable } from '../../detect/detection-options.js';
import type { PageData } from './page-data.js';

const formats = {
  sensitivity: formatShare,
  minArea: formatShare,
  absorb: formatDuration,
  eventGap: formatDuration,
  minDuration: formatDuration,
  before: String,
  after: String,
  keepEvery: formatDuration,
} as const;
type Key = keyof typeof formats;

/** @param mask the file of `--mask` @param fps of `--fps` */
export function pageFlags(
  values: Readonly<Record<Key, number>> & {
    readonly mask?: string | undefined;
    readonly fps?: number | undefined;
  },
): PageData['flags'] {
  const flags = (Object.keys(formats) as Key[]).map((key) => ({
    text: `--${flagName(key)} ${formats[key](values[key])}`,
    isDefault: detectionTable[key].read([detectionTable[key].defaultText ?? '']) === values[key],
  }));
  const named = [
    ...(values.mask === undefined ? [] : [`--mask ${values.mask}`]),
    ...(values.fps === undefined ? [] : [`--fps ${values.fps}`]),
  ].map((text) => ({ text, isDefault: false }));
  return [...named, ...flags].sort((a, b) => Number(a.isDefault) - Number(b.isDefault));
}

function formatShare(share: number): string {
  return `${Number((100 * share).toFixed(6))}%`;
}
