/** Options of a bucket, for each command that opens one. */
import { value } from '../../../shared/cli/option-table.js';
import { path } from '../../../shared/cli/value-types.js';
import { s3Endpoint, s3Region } from './s3-address.js';

export const s3Options = {
  s3Endpoint: value(
    s3Endpoint,
    'Where the object store of s3://BUCKET answers: https://HOST. Plain http only on this machine.',
  ),
  s3Region: value(s3Region, 'Region of the object store; Ceph takes any.', 'us-east-1'),
  s3Credentials: value(
    path('FILE'),
    'File with AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…. Without it: the credential picchanged-s3 of ' +
      'systemd, else these variables of the environment.',
  ),
} as const;
