/** `npm run package`: the release tarball and the Debian package of this state, in dist-package/. */
import { buildArtifacts } from './artifacts.js';
import { readSource } from './source.js';

for (const path of buildArtifacts(readSource(process.cwd(), process.env), 'dist-package')) {
  console.log(path);
}
