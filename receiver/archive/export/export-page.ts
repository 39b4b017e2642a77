/**
 * The page of an export, for the person who gets it: what it is, the pictures by time, how to check them. HTML without a script
 * and without a request to another machine; each text is escaped. Pure.
 */
import { counted } from '../../../shared/cli/humanize.js';

export interface PageFacts {
  readonly camera: string;
  /** Local times of the camera. */
  readonly from: string;
  readonly to: string;
  readonly exportedAt: string;
  /** Of the camera's public key; undefined: no key is pinned. */
  readonly fingerprint: string | undefined;
  /** Keys that it had before, by the names of their files. */
  readonly earlier?: readonly { readonly name: string; readonly fingerprint: string }[];
  readonly frames: number;
  /** Frames that are in the record, and not in the export, by the reason. */
  readonly leftOut: readonly string[];
}

export interface PagePicture {
  /** From the page: `yard/2026_11_22/….jpg`. */
  readonly path: string;
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly event: string | undefined;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);

export function pageHead(facts: PageFacts): string {
  const { camera, from, to, exportedAt, fingerprint, earlier = [], frames, leftOut } = facts;
  const name = escapeHtml(camera);
  const key = fingerprint === undefined ? undefined : escapeHtml(fingerprint);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${name}, ${escapeHtml(from)} to ${escapeHtml(to)}</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
figure { display: inline-block; margin: .5rem; width: 20rem; vertical-align: top }
img { width: 100%; height: auto }
pre { background: #eee; color: #111; overflow: auto; padding: .5rem }
</style>
</head>
<body>
<h1>Camera ${name}</h1>
<p>Pictures of the surveillance camera <b>${name}</b> from ${escapeHtml(from)} to ${escapeHtml(to)}, in the camera's own
local time: ${counted(frames, 'picture')}. Exported ${escapeHtml(exportedAt)} by picchanged.</p>
<p>Beside this page: <code>${name}/</code> has the pictures as the camera made them, a folder for each day, each with
<code>record.jsonl</code>, the lines that were recorded about them when they arrived${key === undefined ? '' : `; <code>${name}.pem</code> is the public key of the camera`}.</p>
${leftOut.length === 0 ? '' : `<h2>Not in this export</h2>\n<ul>\n${leftOut.map((each) => `<li>${escapeHtml(each)}</li>`).join('\n')}\n</ul>\n`}<h2>How to check it</h2>
${key === undefined && earlier.length === 0 ? unsignedText : ''}${key === undefined ? '' : signedText(name, key)}${earlier.length === 0 ? '' : earlierText(earlier)}<p>All of it, with the program picchanged: <code>receiver verify</code> and the path of this folder or archive. It says
which pictures are as recorded and which are proven by the camera's signature.</p>
<h2>Pictures</h2>
`;
}

const unsignedText = `<p>No public key of this camera is known to the receiver: nothing here proves who made the pictures.</p>
`;

function signedText(camera: string, fingerprint: string): string {
  return `<p>The camera signs each picture. The key came with this export: ask the owner of the receiver for its
fingerprint by another way, <code>receiver cameras --fingerprints</code> prints it. It must be</p>
<pre>${fingerprint}</pre>
<pre>openssl pkey -pubin -in ${camera}.pem -outform DER | openssl dgst -sha256 -binary | openssl base64</pre>
<p>One picture, with OpenSSL 3: take its line of <code>record.jsonl</code>, the one with its moment in milliseconds since
1970 (UTC), which each picture below names, then</p>
<pre>grep -F '"captured":MILLISECONDS,' record.jsonl &gt; line
sed 's/,"sig":.*/}/' line | tr -d '\\n' &gt; statement
sed 's/.*,"sig":"\\([^"]*\\)".*/\\1==/' line | tr '_-' '/+' | openssl base64 -d -A &gt; signature
openssl pkeyutl -verify -pubin -inkey ${camera}.pem -rawin -in statement -sigfile signature
sha256sum PICTURE.jpg</pre>
<p>The statement names the SHA-256 of the picture, the camera, the moment, and a number: each is used once, so that a
removed picture leaves a hole.</p>
`;
}

function earlierText(earlier: NonNullable<PageFacts['earlier']>): string {
  const keys = earlier.map(
    ({ name, fingerprint }) => `${escapeHtml(name)}  ${escapeHtml(fingerprint)}`,
  );
  return `<p>The camera had other keys before: a picture of that time is proven by one of these files, in the place of
the present key. Their fingerprints are</p>
<pre>${keys.join('\n')}</pre>
`;
}

export function pagePicture({ path, capturedAtMs, utcOffsetMinutes, event }: PagePicture): string {
  const local = new Date(capturedAtMs + utcOffsetMinutes * 60_000).toISOString();
  const time = `${local.slice(0, -1).replace('T', ' ')} ${offsetText(utcOffsetMinutes)}`;
  const link = escapeHtml(path);
  const of = event === undefined ? '' : `<br>event ${escapeHtml(event)}`;
  return `<figure><a href="${link}"><img loading="lazy" src="${link}" alt="${time}"></a><figcaption>${time}<br>captured ${capturedAtMs}${of}</figcaption></figure>\n`;
}

export const pageEnd = '</body>\n</html>\n';

function offsetText(minutes: number): string {
  const parts = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${parts.map((each) => String(each).padStart(2, '0')).join(':')}`;
}
