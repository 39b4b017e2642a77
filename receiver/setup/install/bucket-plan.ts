/** What the services need for a bucket: drop-ins, which open the network, pass the keys, and give a cache. Pure. */
import { type PlannedFile } from '../../../shared/setup/install/plan.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { fileInUnits } from '../../../shared/setup/install/shipped-units.js';
import {
  keepService,
  notifyService,
  pruneService,
  receiverService,
  receiverSocket,
  webService,
} from '../units.js';

/** Owned by root; a service sees a copy, systemd's credential picchanged-s3. */
export const s3CredentialFile = '/etc/credstore/picchanged-s3';
/** Other keys for the services that only read; without this file they have those of the receiver. */
export const s3ReadCredentialFile = '/etc/credstore/picchanged-s3-read';

export interface BucketPlanRequest {
  /** `s3://BUCKET/PREFIX` */
  readonly place: string;
  /** Variables of the object store, for the settings of viewer and notices. */
  readonly access: Readonly<Record<string, string | undefined>>;
  /** `s3ReadCredentialFile` exists. */
  readonly hasReadKeys: boolean;
  /** The receiver answers a load balancer: it runs all the time, and opens a port of its own. */
  readonly hasHealth: boolean;
}

/** Takes the variables of an object store back. */
export const noBucketAccess = {
  RECEIVER_S3_ENDPOINT: undefined,
  RECEIVER_S3_REGION: undefined,
  RECEIVER_S3_CREDENTIALS: undefined,
} as const;

/** The services that work with the bucket. */
export const bucketServices: readonly string[] = [
  ...[receiverService, pruneService, keepService, webService, notifyService],
];

/** Where the receiver's services have their record mirrors. */
export const receiverCache = '/var/cache/surveillance';

/** `CacheDirectory=` of the services that have a record mirror. */
const caches = new Map<string, string>([
  [receiverService, 'surveillance'],
  [pruneService, 'surveillance'],
  [webService, 'picchanged-web'],
  [notifyService, 'picchanged-notify'],
]);

/** Those that write nothing into the bucket. */
const readers = [webService, notifyService];

/** The drop-in of a service that works with the bucket. */
export function bucketDropIn(
  scope: Scope,
  service: string,
  { hasReadKeys, hasHealth }: Pick<BucketPlanRequest, 'hasReadKeys' | 'hasHealth'>,
): PlannedFile {
  const keys = hasReadKeys && readers.includes(service) ? s3ReadCredentialFile : s3CredentialFile;
  const opensPort = hasHealth && service === receiverService;
  const isActivated = service === receiverService || service === webService;
  const lines = [
    '# --dir s3://…: the service sends to the object store.',
    '[Unit]',
    ...(scope.isUser ? [] : ['Wants=network-online.target', 'After=network-online.target']),
    // With a start limit, the socket would fail together with its service while the object store is away.
    ...(service === webService ? ['StartLimitIntervalSec=0'] : []),
    '',
    '[Service]',
    ...(scope.isUser ? [] : ['PrivateNetwork=no']),
    'RestrictAddressFamilies=AF_INET AF_INET6',
    ...(isActivated && !opensPort
      ? ['# It opens no port: systemd passes its own.', 'SystemCallFilter=~bind']
      : []),
    ...(scope.isUser ? [] : ownSettings(service, keys)),
    '',
  ];
  return fileInUnits(scope, `${service}.d/bucket.conf`, lines.join('\n'));
}

function ownSettings(service: string, keys: string): readonly string[] {
  const cache = caches.get(service);
  return [
    "# The keys of the object store, from a file of root's.",
    `LoadCredential=picchanged-s3:${keys}`,
    ...(cache === undefined
      ? []
      : ['# The records of the bucket.', `CacheDirectory=${cache}`, 'CacheDirectoryMode=0700']),
  ];
}

/** `receiver --idle-exit 1m` as the unit has it. */
const idleExit = ' --idle-exit 1m';

/** The receiver's service without its end when it is idle. */
export const withoutIdleExit = (text: string): string => text.replace(idleExit, '');

/** What `--health` needs beside: the socket starts the receiver at boot, which gets the time to drain at its end. */
export function healthDropIns(scope: Scope): readonly PlannedFile[] {
  const socket = `# --health: the receiver runs all the time.
[Unit]
Wants=${receiverService}
`;
  const service = `# --health: the receiver ends --drain, at most 30 s, and 5 s after SIGTERM.
[Service]
TimeoutStopSec=40s
`;
  return [
    fileInUnits(scope, `${receiverSocket}.d/health.conf`, socket),
    fileInUnits(scope, `${receiverService}.d/health.conf`, service),
  ];
}
