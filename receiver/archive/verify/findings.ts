/**
 * What `receiver verify` finds, as a closed list (docs/verify.md). A fault makes the exit code 1; a note is worth
 * knowing and may be as it is. Pure.
 */

export interface FindingMeaning {
  readonly level: 'fault' | 'unreadable' | 'note';
  /** What it says, for docs and terminal. */
  readonly means: string;
  /** What to do now. */
  readonly now: string;
}

export const findingKinds = {
  'missing-file': {
    level: 'fault',
    means: 'a frame is in the record, its file is not there, and no line says that it was deleted',
    now: 'take the file from a copy; a receiver that lost power gets the frame again from its agent',
  },
  'no-file': {
    level: 'fault',
    means: 'the name of a frame is that of a link, a folder or a device',
    now: 'find out who put it there; take the file from a copy',
  },
  'wrong-size': {
    level: 'fault',
    means: 'the file does not have the size that the record states',
    now: 'check the disk (smartctl, the kernel log); take the file from a copy',
  },
  'wrong-bytes': {
    level: 'fault',
    means: 'the file does not have the SHA-256 that the record states: its bytes were changed',
    now: 'check the disk (smartctl, the kernel log); take the file from a copy',
  },
  'wrong-metadata': {
    level: 'fault',
    means:
      "of a bucket: the frame is as recorded, and the metadata of its object names another hash or another frame: an agent's repeat would be stored a second time",
    now: 'find out what wrote the metadata; receiver copy into a new bucket writes it anew',
  },
  'no-line': {
    level: 'fault',
    means: 'a frame has a file and no line: the line was lost in a power cut, or removed',
    now: 'receiver reindex writes the line; what was in it alone is lost',
  },
  'wrong-signature': {
    level: 'fault',
    means: "the signature is not that of the line, by the camera's key: the line was changed",
    now: 'take the record from a copy; a camera that had another key before: give it with --key',
  },
  'no-signature': {
    level: 'fault',
    means:
      'entries without a signature, where the camera signed: an older agent or receiver ran then, or the lines were replaced',
    now: 'compare with the log of that time; nothing proves these entries',
  },
  'altered-line': {
    level: 'fault',
    means: 'the line says something else than its signed part',
    now: 'take the record from a copy',
  },
  'wrong-camera': {
    level: 'fault',
    means: 'the line is about another camera than its folder',
    now: 'put the line, and its frame, back into the folder of its camera',
  },
  'wrong-day': {
    level: 'fault',
    means: 'the line is about another day than its folder',
    now: 'put the line, and its frame, back into the folder of its day',
  },
  'wrong-name': {
    level: 'fault',
    means: 'the line gives its frame a name that does not follow from its time or number',
    now: 'take the record from a copy',
  },
  'used-twice': {
    level: 'fault',
    means: 'one statement of the camera stands for two files',
    now: 'find out who made the second one; one of them is a copy',
  },
  'missing-entries': {
    level: 'fault',
    means:
      'numbers of an epoch that no entry has and nothing explains: the entries did not arrive, or were removed; where some of them may wait at the camera, it says how many',
    now: "look for them in copies of the record; a frame that the receiver refused is in the agent's spool, in rejected/",
  },
  'unreadable-erasure': {
    level: 'fault',
    means:
      'a line of erased.jsonl, or an object of .erasures/, is no erasure: what was erased by it may be stored again',
    now: 'put it back from a copy, or erase the stretch again; then remove that line or object',
  },
  unreadable: {
    level: 'unreadable',
    means: 'it cannot be read, or a link leads elsewhere: verify cannot say what is there',
    now: "run it as the receiver's user or with sudo; check the disk; verify a linked directory by itself",
  },
  'foreign-file': {
    level: 'note',
    means: 'a file or folder that no receiver makes',
    now: 'move it away if it is not meant to be there',
  },
  'torn-line': {
    level: 'note',
    means: 'a line that is cut off or unknown, as a power cut leaves it; it is skipped',
    now: 'nothing: what it was about is checked by files and numbers',
  },
  'unfinished-deletion': {
    level: 'note',
    means: 'a line says that the frame is deleted, and its file is still there',
    now: 'nothing: the next deletion of this camera removes it',
  },
  'begins-late': {
    level: 'note',
    means:
      'the oldest epoch here does not begin with its first entry: what was before is not in this store',
    now: 'nothing, if the camera sent to another directory before, or old days were removed by hand',
  },
  'may-arrive': {
    level: 'note',
    means:
      'numbers that no entry has yet: the camera is sending now, or its newest report says that so many frames wait there',
    now: 'run it again when the camera has sent them; why they wait: agent status on its machine',
  },
  recovered: {
    level: 'note',
    means:
      'lines that receiver reindex wrote from the files, the first one here: nothing proves these frames, and a change of file and record by hand can look the same',
    now: 'nothing, if reindex was run after a loss; else take record and files from a copy',
  },
  'other-key': {
    level: 'note',
    means:
      'signed, and not by the known key: the camera had another one then, or was not proven when it arrived',
    now: 'the keys folder of its receiver has earlier keys, as CAMERA.earlier-….pem; elsewhere give them with --key CAMERA=FILE, and the present one too',
  },
} as const satisfies Readonly<Record<string, FindingMeaning>>;

export type FindingKind = keyof typeof findingKinds;

export interface Finding {
  readonly kind: FindingKind;
  readonly camera: string;
  /** Relative to the captures directory. */
  readonly path: string;
  /** Of the record, from 1. */
  readonly line?: number | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

export const levelOf = ({ kind }: Finding): FindingMeaning['level'] => findingKinds[kind].level;

/** `yard/2026_11_22/record.jsonl line 7: wrong-signature: expected …, found …` */
export function findingText({ kind, path, line, expected, found }: Finding): string {
  const place = line === undefined ? path : `${path} line ${line}`;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ];
  return `${place}: ${kind}${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`;
}
