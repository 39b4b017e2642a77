// Installs missing packages and builds. Used by `npm start` and `npm test`; imports no installed package.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.version} is too old: 20.19 or newer is needed.`);
  process.exit(1);
}

/** True when node_modules holds the versions of package-lock.json. */
function isInstalled() {
  // npm writes this file last.
  const written = 'node_modules/.package-lock.json';
  if (!existsSync(written)) return false;
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const found = JSON.parse(readFileSync(written, 'utf8')).packages;
  return Object.entries(lock).every(
    ([path, { version, optional }]) => path === '' || optional || found[path]?.version === version,
  );
}

export function prepare() {
  if (!isInstalled()) {
    console.log('Installing packages …');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  }
  execFileSync(process.execPath, ['.ci/build.mjs'], { stdio: 'inherit' });
}
