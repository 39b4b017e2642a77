/** Options of commands that read the records of a bucket. */
import { value } from '../../../shared/cli/option-table.js';
import { path } from '../../../shared/cli/value-types.js';
import { s3Options } from '../../store/s3/s3-options.js';

export const mirrorOptions = {
  ...s3Options,
  cache: value(
    path('DIR'),
    "Where the records of a bucket are kept for reading; it may be removed. Without it: systemd's CacheDirectory, else " +
      '~/.cache/picchanged.',
  ),
} as const;
