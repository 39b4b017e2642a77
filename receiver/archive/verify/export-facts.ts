/** What the file `export.json` of an export states. Pure. */
import * as v from 'valibot';
import { count, epoch } from '../../../shared/protocol/fields.js';
import { cameraPattern } from '../frame-entry.js';

export const exportFactsName = 'export.json';

const facts = v.object({
  'picchanged-export': v.literal(1),
  camera: v.pipe(v.string(), v.regex(cameraPattern)),
  ...{ from: v.string(), to: v.string(), exportedAt: v.string() },
  /** Numbers of entries that the receiver has, and the export has not. */
  elsewhere: v.array(v.tuple([epoch, v.array(v.tuple([count, count]))])),
});
export type ExportFacts = v.InferOutput<typeof facts>;

/** @returns undefined: it is not such a file */
export function readExportFacts(text: string): ExportFacts | undefined {
  try {
    const read = v.safeParse(facts, JSON.parse(text));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}
