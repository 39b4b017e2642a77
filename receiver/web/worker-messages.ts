/** Messages between the viewer's server and its worker. Pure. */
import type { BucketAccess } from '../store/s3/bucket-access.js';
import type { ArchiveMethod } from './archive-port.js';
import type { QueryErrorCode } from './queries/query-error.js';

export interface WorkerSettings {
  /** A captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly cachePath: string | undefined;
  /** Has the frames of a mirror. */
  readonly bucket: BucketAccess | undefined;
}

export interface Call {
  readonly id: number;
  readonly method: ArchiveMethod;
  readonly args: readonly unknown[];
}

/** The result of a call is not needed any more. */
export interface Abort {
  readonly abort: number;
}

export type Reply =
  | { readonly id: number; readonly result: unknown }
  /** Without a code: it failed. */
  | { readonly id: number; readonly error: string; readonly code: QueryErrorCode | undefined };
