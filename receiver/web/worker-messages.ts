/** Messages between the viewer's server and its worker. Pure. */
import type { ArchiveMethod } from './archive-port.js';
import type { QueryErrorCode } from './queries/query-error.js';

export interface WorkerSettings {
  readonly directory: string;
  readonly cachePath: string | undefined;
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
