/** SHA-256 of a file, by which install and uninstall know whether it was edited. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** @throws a system error */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
