/** The values of `--source`. Pure; open-source.ts opens the source. */
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';

export type SourceChoice =
  | { readonly kind: 'fswebcam' | 'command' | 'scene' }
  | { readonly kind: 'folder' | 'file'; readonly path: string }
  /** An IP camera; the address may hold a password: never print it. */
  | { readonly kind: 'http' | 'rtsp'; readonly address: string };

export const sourceChoice: ValueType<SourceChoice> = {
  metavar: 'SOURCE',
  parse(text) {
    if (text === 'fswebcam' || text === 'command' || text === 'scene') return { kind: text };
    const [, kind, path] = /^(folder|file):(.+)$/s.exec(text) ?? [];
    if ((kind === 'folder' || kind === 'file') && path !== undefined && !path.includes('\0')) {
      return { kind, path };
    }
    const [, scheme] = /^(https?|rtsp):\/\/[^/]/i.exec(text) ?? [];
    if (scheme !== undefined && URL.canParse(text)) {
      return { kind: scheme.toLowerCase() === 'rtsp' ? 'rtsp' : 'http', address: text };
    }
    throw new InvalidValue(
      'must be fswebcam, folder:DIR, file:PATH, http://CAMERA/PATH, rtsp://CAMERA/PATH, command or scene',
    );
  },
};
