/** The built files of the page: read once, so that no request reaches the file system. */
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { OperationalError } from '../../../shared/cli/errors.js';

export interface Asset {
  readonly bytes: Buffer;
  readonly gzip: Buffer | undefined;
  readonly type: string;
  /** Its name has the hash of its content. */
  readonly isImmutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** @returns by name @throws {OperationalError} WEB: the page is not built */
export async function readAssets(directory: string): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  try {
    const names = await readdir(directory);
    for (const name of names) {
      const type = types[extname(name)];
      if (type === undefined) continue;
      assets.set(name, {
        bytes: await readFile(join(directory, name)),
        gzip: names.includes(`${name}.gz`)
          ? await readFile(join(directory, `${name}.gz`))
          : undefined,
        type,
        isImmutable: /-[A-Z0-9]{8}\.\w+$/.test(name),
      });
    }
  } catch (cause) {
    throw new OperationalError('WEB', `cannot read the viewer's page in ${directory}`, {
      cause,
      hint: 'install picchanged again, or build it with npm run build',
    });
  }
  if (!assets.has('index.html')) {
    throw new OperationalError('WEB', `${directory} has no index.html`, {
      hint: 'install picchanged again, or build it with npm run build',
    });
  }
  return assets;
}
