/** Prometheus' own checks, by the real program. */
import { spawnSync } from 'node:child_process';

/** Why the tests of metrics are skipped; undefined: they are not. */
export function whyNoPromtool(): string | undefined {
  const { status } = spawnSync('promtool', ['--version']);
  return status === 0 ? undefined : '(skipped: apt install prometheus)';
}

/** @returns what promtool objects to; empty: nothing */
export function checkMetrics(text: string): string {
  return promtool(['check', 'metrics'], text);
}

/** @returns what promtool says, if it fails or objects; empty: all is well */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? stderr : `${stdout}${stderr}exit status ${status}`;
}

/** The samples of a text, by name and labels as they are written. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
