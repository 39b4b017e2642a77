// Bundles the viewer's page into dist/web/: names with the hash of the content, each file also compressed.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundlePage } from './bundle-page.mjs';

const source = 'receiver/web/page';
const target = 'dist/web';

/** Compressed, all files together. */
const maxBytes = 60 * 1024;

function hashedName(name, text) {
  const extension = extname(name);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  return `${basename(name, extension)}-${hash}${extension}`;
}

/** @returns paths of the sources in the bundle */
export async function buildPage() {
  await mkdir(target, { recursive: true });
  const { metafile, outputFiles } = await bundlePage(source, target, [
    `${source}/main.tsx`,
    `${source}/style.css`,
  ]);
  /** By the names in the sources. */
  const names = new Map();
  const files = new Map();
  const add = (name, text) => {
    names.set(name, hashedName(name, text));
    files.set(names.get(name), text);
  };
  for (const { path, text } of outputFiles) add(basename(path), text);
  const read = async (name) => readFile(join(source, name), 'utf8');
  const withNames = (text) =>
    [...names].reduce(
      (whole, [name, hashed]) => whole.replaceAll(`"${name}"`, `"${hashed}"`),
      text,
    );
  add('icon.svg', await read('icon.svg'));
  add('viewer.webmanifest', withNames(await read('viewer.webmanifest')));
  files.set('index.html', withNames(await read('index.html')));

  let bytes = 0;
  for (const [name, text] of files) {
    const compressed = gzipSync(text, { level: 9 });
    bytes += compressed.length;
    await writeFile(join(target, name), text);
    await writeFile(join(target, `${name}.gz`), compressed);
  }
  if (bytes > maxBytes)
    throw new Error(`the page has ${bytes} bytes compressed: ${maxBytes} at most`);
  return Object.keys(metafile.inputs);
}
