/** Writes the page of `agent replay --html`: one file that needs no other, and lets no script run but its own. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationalError, UsageError, systemCode } from '../../../shared/cli/errors.js';
import { replaceFile, writeNewFile } from '../../../shared/files/durable-file.js';
import type { PageData } from './page-data.js';

/** Pictures of all sequences together, a few kB each. */
export const maxPagePictures = 1200;
/** A frame has about 100 bytes; a day at one frame a second has 86,400. */
export const maxPageFrames = 100_000;

/** To be called before the replay, which may take long. @throws {UsageError} the page cannot be written there */
export async function checkPagePath(path: string): Promise<void> {
  try {
    if (!(await stat(dirname(path))).isDirectory()) throw new Error('its folder is a file');
    const existing = await stat(path).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (existing !== undefined && !existing.isFile()) throw new Error('it is not a file');
  } catch (cause) {
    throw new UsageError(`--html ${path}: the page cannot be written there`, { cause });
  }
}

/**
 * @param assets the folder with the built script and style sheet
 * @throws {OperationalError} OUTPUT: the page is not built, or cannot be written; an older page stays
 */
export async function writePage(path: string, data: PageData, assets: string): Promise<void> {
  const [script, style] = await readAssets(assets);
  // A name of its own: a replay that was killed may have left one.
  const unused = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await replaceFile(path, unused, async (part) =>
      writeNewFile(part, pageText(data, script, style)),
    );
  } catch (cause) {
    throw new OperationalError('OUTPUT', `cannot write ${path}`, { cause });
  }
}

async function readAssets(folder: string): Promise<[script: string, style: string]> {
  try {
    return [
      await readFile(join(folder, 'page.js'), 'utf8'),
      await readFile(join(folder, 'page.css'), 'utf8'),
    ];
  } catch (cause) {
    throw new OperationalError('OUTPUT', `cannot read the script of the page in ${folder}`, {
      cause,
      hint: 'install picchanged again, or build it with npm run build',
    });
  }
}

function pageText(data: PageData, script: string, style: string): string {
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `script-src 'sha256-${hash(script)}'`,
    `style-src 'sha256-${hash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  // `<` would begin a tag, as in a file's name; in JSON it is in texts only.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<title>picchanged: what the detector saw</title>',
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<noscript>This page needs JavaScript.</noscript>',
    `<script type="application/json" id="data">${json}</script>`,
    `<script type="module">${script}</script>`,
    '</body>',
    '</html>\n',
  ].join('\n');
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64');
