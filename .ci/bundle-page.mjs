// Bundles the scripts and style sheets of a page for browsers, in memory.
import { build } from 'esbuild';

/** @returns the texts by their paths below `outdir`, and which sources are in them */
export function bundlePage(source, outdir, entryPoints) {
  return build({
    ...{ entryPoints, outdir },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16'],
    tsconfig: `${source}/tsconfig.json`,
    legalComments: 'none', // LICENSES.txt has them whole
    metafile: true,
    logLevel: 'warning',
  });
}
