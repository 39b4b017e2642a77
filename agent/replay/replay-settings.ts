/** Converts the options of `agent replay` to settings; the caller reads the mask file. Pure. */
import { version } from '../../shared/cli/version.js';
import type { OptionValues } from '../../shared/cli/option-table.js';
import { explanationSettings } from '../detect/detection-options.js';
import { pageFlags } from './html/page-flags.js';
import type { replayProgram } from './replay-options.js';
import type { PageSettings, ReplaySettings } from './replay-session.js';

type ReplayOptions = OptionValues<typeof replayProgram.table>;

export function settingsOf(options: ReplayOptions): Omit<ReplaySettings, 'mask' | 'page'> {
  const { fps, sensitivity, minArea, absorb, eventGap, minDuration, before, after } = options;
  const { keepEvery, maxFrame, tune, json } = options;
  return {
    ...{ fps, sensitivity, minArea, before, after, tune, json },
    absorbMs: absorb,
    eventGapMs: eventGap,
    minDurationMs: minDuration,
    keepEveryMs: keepEvery,
    maxFrameBytes: maxFrame,
    explain: explanationSettings(options, eventGap),
  };
}

/** @param assets the folder with the page's script @returns undefined: without `--html` */
export function pageSettingsOf(options: ReplayOptions, assets: string): PageSettings | undefined {
  const { html: path, sensitivity } = options;
  return path === undefined
    ? undefined
    : { path, assets, version, sensitivity, flags: pageFlags(options) };
}
