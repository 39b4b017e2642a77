// Bundles the script and the style sheet of the page of `agent replay --html` into dist/replay-page/.
import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { bundlePage } from './bundle-page.mjs';

const source = 'agent/replay/page';

/** Compressed, script and style sheet together. */
const maxBytes = 12 * 1024;

/** @returns paths of the sources in the bundle */
export async function buildReplayPage() {
  const { metafile, outputFiles } = await bundlePage(source, 'dist/replay-page', [
    { in: `${source}/main.ts`, out: 'page' },
    { in: `${source}/page.css`, out: 'page' },
  ]);
  await mkdir('dist/replay-page', { recursive: true });
  let bytes = 0;
  for (const { path, text } of outputFiles) {
    // A script in a page ends at the first of these, also within a text.
    if (/<\/(?:script|style)/i.test(text)) throw new Error(`${path} has an end tag`);
    bytes += gzipSync(text, { level: 9 }).length;
    await writeFile(path, text);
  }
  if (bytes > maxBytes)
    throw new Error(`the page of replay has ${bytes} bytes compressed: ${maxBytes} at most`);
  return Object.keys(metafile.inputs);
}
