/** The values of `--source`. Pure; open-source.ts opens the source. */
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';

export type SourceChoice =
  | { readonly kind: 'fswebcam' | 'command' | 'scene' }
  | { readonly kind: 'folder' | 'file'; readonly path: string };

export const sourceChoice: ValueType<SourceChoice> = {
  metavar: 'SOURCE',
  parse(text) {
    if (text === 'fswebcam' || text === 'command' || text === 'scene') return { kind: text };
    const [, kind, path] = /^(folder|file):(.+)$/s.exec(text) ?? [];
    if ((kind === 'folder' || kind === 'file') && path !== undefined && !path.includes('\0')) {
      return { kind, path };
    }
    throw new InvalidValue('must be fswebcam, folder:DIR, file:PATH, command or scene');
  },
};
