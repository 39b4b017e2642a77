/** The imports of source files, read from their text, for the rules on imports. */
import { posix } from 'node:path';

export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: Source;
  /** The imported file, as a path from the root without its suffix, or a package or module. */
  readonly target: string;
  /** The text between `import` and `from`; empty for side-effect and dynamic imports. */
  readonly names: string;
}

/** The code without comments, which break no rule. `//` in a text stays, as in `https://`. */
export const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

export function importsOf(sources: readonly Source[]): Import[] {
  return sources.flatMap((from) => {
    const code = withoutComments(from.text);
    const statements = code.matchAll(
      /^(?:import|export)\b(?:([^'";]*?)\bfrom)?\s*['"]([^'"]+)['"]/gm,
    );
    const calls = code.matchAll(/\bimport\(\s*()['"]([^'"]+)['"]/g);
    return [...statements, ...calls].map(([, names = '', written = '']) => {
      const path = posix.join(posix.dirname(from.path), written).replace(/\.[jt]sx?$/, '');
      return { from, names, target: written.startsWith('.') ? path : written };
    });
  });
}

/** Import cycles, each reported once. */
export function cycles(sources: readonly Source[]): string[] {
  const paths = new Set(sources.map(({ path }) => path));
  const pathOf = (target: string): string =>
    paths.has(`${target}.tsx`) ? `${target}.tsx` : `${target}.ts`;
  const targets = new Map<string, string[]>();
  for (const { from, target } of importsOf(sources)) {
    targets.set(from.path, [...(targets.get(from.path) ?? []), pathOf(target)]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`a cycle of imports: ${[...trail.slice(start), path].join(' > ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}
