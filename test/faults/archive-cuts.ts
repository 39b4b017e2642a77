/** Runs one command of the receiver on a store under strace, and gives the trees that power cuts may leave. */
import { CrashDisk, type Tree } from './crash-disk.js';
import { sha256Of } from './power-cut.js';
import { startTraced } from './recording.js';

export interface Cut {
  readonly tree: Tree;
  /** Whether the command had said before that it was done. */
  readonly isSaid: boolean;
}

export interface Cuts {
  /** Each different tree, and each once more when it is possible after the command has said that it is done. */
  readonly cuts: readonly Cut[];
  readonly moments: number;
  readonly crashes: number;
}

interface Traced {
  /** The built receiver. */
  readonly program: string;
  /** The folder that the model has. */
  readonly rootPath: string;
  /** What is in it at the start. */
  readonly given: Tree;
  readonly args: readonly string[];
  /** The beginning of what the command prints when it is done. */
  readonly says: string;
}

/** @throws when the command fails, or does not say that it is done */
export async function cutsOf({ program, rootPath, given, args, says }: Traced): Promise<Cuts> {
  const traced = startTraced([program, ...args]);
  const { running } = traced;
  const code = await running.ended;
  if (code !== 0)
    throw new Error(`receiver ${args.join(' ')} ends with ${code}: ${running.stderr()}`);
  const disk = new CrashDisk(rootPath, true);
  disk.give(given);
  const different = new Map<string, Cut>();
  let [isSaid, moments, crashes] = [false, 0, 0];
  for (const operation of await traced.end()) {
    const isChange = disk.apply(operation);
    const isNews =
      operation.kind === 'said' &&
      operation.on === 'stdout' &&
      operation.bytes.toString().includes(says);
    isSaid ||= isNews;
    if (!isChange && !isNews) continue;
    moments += 1;
    for (const tree of disk.crashes()) {
      crashes += 1;
      const files = [...tree].map(([path, bytes]) => `${path} ${sha256Of(bytes)}`).sort();
      different.set(`${isSaid}\n${files.join('\n')}`, { tree, isSaid });
    }
  }
  if (!isSaid) throw new Error(`receiver ${args.join(' ')} does not say '${says}'`);
  return { cuts: [...different.values()], moments, crashes };
}
