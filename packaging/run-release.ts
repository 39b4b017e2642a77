/** The program of `npm run release`. */
import { execFileSync } from 'node:child_process';
import { ReleaseError, release } from './release.js';

const root = process.cwd();
try {
  release(process.argv[2], {
    root,
    env: process.env,
    run: (program, args) => execFileSync(program, args, { cwd: root, encoding: 'utf8' }),
    test: () => {
      execFileSync('npm', ['test'], { cwd: root, stdio: 'inherit' });
    },
    print: (line) => {
      console.log(line);
    },
  });
} catch (error) {
  if (!(error instanceof ReleaseError)) throw error;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  console.error(`release: ${error.message}${cause}`);
  process.exitCode = 1;
}
