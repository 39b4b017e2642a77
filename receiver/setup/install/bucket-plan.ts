/** What a service needs for a bucket: one drop-in, which opens the network and passes the keys. Pure. */
import { type PlannedFile } from '../../../shared/setup/install/plan.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { fileInUnits } from '../../../shared/setup/install/shipped-units.js';

/** Owned by root; the service sees a copy, systemd's credential picchanged-s3. */
export const s3CredentialFile = '/etc/credstore/picchanged-s3';

/** @param service that stores in the bucket */
export function bucketDropIn(scope: Scope, service: string): PlannedFile {
  const text = `# --dir s3://…: the receiver sends to the object store, and has its keys from a file of root's.
[Unit]
Wants=network-online.target
After=network-online.target

[Service]
PrivateNetwork=no
RestrictAddressFamilies=AF_INET AF_INET6
LoadCredential=picchanged-s3:${s3CredentialFile}
`;
  return fileInUnits(scope, `${service}.d/bucket.conf`, text);
}
