/** The dependencies: pinned by their content, audited, and usable without install scripts. */
import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, it } from 'vitest';
import { readAudit } from '../../.ci/audit.mjs';

interface Locked {
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}
const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const locked = Object.entries(packages).filter(([path]) => path !== '');

describe('the dependencies', () => {
  it('are pinned by their content, independent of the registry', () => {
    expect(locked.length).toBeGreaterThan(10);
    expect(locked.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
  });

  it('have no install script that the programs need', () => {
    const scripts = locked.filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev);
    // It downloads a Windows program: not used, and the rest of the package is bundled.
    expect(scripts.map(([path]) => path)).toEqual(['node_modules/node-webcam']);
    const files = readdirSync(new URL('../../dist/', import.meta.url)).filter((name) =>
      name.endsWith('.js'),
    );
    const taken = files.flatMap((name) =>
      [
        ...read(`dist/${name}`).matchAll(
          /^import\b[^'"\n]*["']([^'"]+)["']|(?:require|import)\("([^"]+)"\)/gm,
        ),
      ].map(([, imported, required]) => (imported ?? required ?? '').replace('node:', '')),
    );
    expect(taken).toEqual(expect.arrayContaining(['fs', 'net', 'zlib']));
    const foreign = taken.filter(
      (name) => !name.startsWith('./') && !builtinModules.includes(name),
    );
    expect(foreign).toEqual([]);
  });
});

describe('the MQTT client', () => {
  const texts = new Map(
    readdirSync(new URL('../../dist/', import.meta.url))
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, read(`dist/${name}`)] as const),
  );
  const isClient = (name: string): boolean =>
    texts.get(name)?.includes('// node_modules/mqtt/') === true;
  /** With what its load loads. */
  const loadedWith = (name: string, known = new Set<string>()): Set<string> => {
    if (known.has(name)) return known;
    known.add(name);
    const imports = (texts.get(name) ?? '').matchAll(
      /^(?:import|\}) ?(?:[\w ,{}$]*from )?"\.\/([^"]+)"/gm,
    );
    for (const [, imported = ''] of imports) loadedWith(imported, known);
    return known;
  };

  it('is loaded when a connection is opened, and by no command before', () => {
    const [client, ...others] = [...texts.keys()].filter(isClient);
    expect(others).toEqual([]);
    const importers = [...texts].filter(([, text]) => text.includes(`import("./${client}")`));
    expect(importers).toHaveLength(1);
    const commands = [...texts].filter(([, text]) =>
      /^\/\/ (?:agent|receiver)\/(?:main|commands\/[\w-]+)\.ts$/m.test(text),
    );
    expect(commands.length).toBeGreaterThan(20);
    const loading = commands.filter(([name]) => [...loadedWith(name)].some(isClient));
    expect(loading.map(([name]) => name)).toEqual([]);
    // The search follows imports.
    expect(loadedWith('receiver-main.js').size).toBeGreaterThan(5);
  });
});

describe('the audit', () => {
  it('fails on a known vulnerability, and names it', () => {
    const vulnerabilities = { pngjs: { severity: 'high' } };
    const report = { vulnerabilities, metadata: { vulnerabilities: { high: 1, total: 1 } } };
    expect(readAudit(JSON.stringify(report))).toEqual({
      message: 'Known vulnerabilities in dependencies: pngjs (high). See npm audit.',
      isVulnerable: true,
    });
  });

  it.each([
    [
      '{"vulnerabilities":{},"metadata":{"vulnerabilities":{"total":0}}}',
      'No known vulnerabilities',
    ],
    ['{"message":"405 Method Not Allowed","error":{}}', 'Not audited: 405 Method Not Allowed'],
    ['{}', 'Not audited: the registry did not answer'],
    ['null', 'Not audited: the registry did not answer'],
    ['', 'Not audited: the output of npm is not JSON'],
  ])('of %s passes and reports it', (text, expected) => {
    const { message, isVulnerable } = readAudit(text);
    expect(isVulnerable).toBe(false);
    expect(message).toContain(expected);
  });
});
