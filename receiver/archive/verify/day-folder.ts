/** What verify reads of a day: from a captures directory or from an export. Pure. */

/** Bytes of a file that is open. */
export interface OpenBytes {
  /** At its opening: a receiver may append meanwhile. */
  readonly size: number;
  /** @returns how many bytes were read; 0: the end */
  read(into: Buffer, atByte: number): Promise<number>;
  close(): Promise<void>;
}

export interface Look {
  readonly isFile: boolean;
  readonly bytes: number;
  /** By the clock of the file system's machine. */
  readonly changedAtMs: number;
}

export interface DayFolder {
  readonly camera: string;
  /** Relative to the captures directory: `yard/2026_11_22`. */
  readonly path: string;
  /** Frames of a camera without a clock: the day is that of their arrival. */
  readonly isUnclocked: boolean;
  /** @throws a system error */
  names(): AsyncIterable<string>;
  /** @returns undefined: nothing has this name @throws a system error */
  look(name: string): Look | undefined;
  /** @returns undefined: there is no record @throws {OperationalError} STORE: it is no regular file; or a system error */
  openRecord(): Promise<OpenBytes | undefined>;
  /** @returns undefined: nothing has this name, which a place does not promise */
  placeOf(name: string): FilePlace | undefined;
  /** All of a file. @returns undefined: it is gone meanwhile @throws as `openRecord` */
  bytesOf(name: string): Promise<Buffer | undefined>;
}

/** Where the bytes of a file are, while its day is open. */
export type FilePlace = LocalPlace | RemotePlace;

/** For each thread of this process. */
export type LocalPlace =
  | {
      readonly path: string;
      /** The configured path, for messages. */
      readonly shownPath: string;
    }
  /** A part of a file that is open. */
  | { readonly fd: number; readonly atByte: number; readonly bytes: number }
  | LoadedFile;

/** On another machine: it is loaded before a thread checks it. */
export interface RemotePlace {
  /** @throws {OperationalError} STORE: it cannot be loaded, nor may others be */
  readonly load: () => Promise<LoadedFile>;
}

/** What an object store has under a key. */
export type LoadedFile =
  | { readonly content: Uint8Array; readonly metadata: Readonly<Record<string, string>> }
  /** Undefined: there is nothing. */
  | { readonly unreadable: string | undefined };

export interface VerifySource {
  /** Sorted. @throws a system error */
  cameras(): Promise<readonly string[]>;
  /** Calls `act` with each day of a camera, sorted, and `onOther` for what is no day. @throws a system error */
  days(
    camera: string,
    act: (day: DayFolder) => Promise<void>,
    onOther: (other: OtherName) => void,
  ): Promise<void>;
  /** What of a camera's erasures cannot be read. @throws as `cameras` */
  badErasures(camera: string): Promise<readonly OtherName[]>;
  /** Whether a receiver holds the camera's name now: entries may be on their way. */
  isSending(camera: string): boolean;
}

export interface OtherName {
  readonly path: string;
  /** `unreadable`: a day or a camera that is a link or may not be read. */
  readonly kind: 'foreign-file' | 'unreadable' | 'unreadable-erasure';
  readonly why: string;
}
