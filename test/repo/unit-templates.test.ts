/** The services in systemd/ that come from one template: compared with it, or rewritten with `UPDATE=1`. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';

const folder = `${root}systemd/`;
const command = 'UPDATE=1 npx vitest run test/repo/unit-templates.test.ts';
const templates = ['agent-service.template', 'receiver-service.template'];

const read = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');

/** The names after each `#only`. */
function namesIn(template: string): string[] {
  const lines = template.matchAll(/^#only (.+)$/gm);
  return [...new Set([...lines].flatMap(([, names = '']) => names.split(' ')))];
}

/** The template without its notes, and without the lines that are only in other services. */
function render(template: string, service: string): string {
  return template
    .replaceAll(/^##.*\n\n?/gm, '')
    .replaceAll(/^#only (.+)\n([^]*?)^#end\n/gm, (_, names: string, lines: string) =>
      names.split(' ').includes(service) ? lines : '',
    );
}

it('the services are those that the templates name', () => {
  const services = readdirSync(folder).filter((name) => name.endsWith('.service'));
  const named = templates
    .flatMap((file) => namesIn(read(file)))
    .filter((name) => !name.startsWith('examples/'));
  expect(services.sort()).toEqual(named.map((name) => `${name}.service`).sort());
});

describe.each(templates)('the services of %s', (file) => {
  const template = read(file);
  const services = namesIn(template);

  it.each(services)('%s.service is generated from the template', (service) => {
    const origin = `# Generated from systemd/${file}; changes on one machine belong in a drop-in (systemctl edit).`;
    const expected = `${origin}\n${render(template, service)}`;
    expect(expected).not.toMatch(/^#(?:only|end)\b/m);
    if (process.env.UPDATE) writeFileSync(`${folder}${service}.service`, expected);
    expect(read(`${service}.service`), `to write it: ${command}`).toBe(expected);
  });
});

describe('a template', () => {
  const template =
    '## Note.\n##   more\n\n[Unit]\n#only a b@\nA=1\n\n#end\n#only c\nA=2\n#end\nB=1\n';

  it('has lines for all services, and lines for some', () => {
    expect(namesIn(template)).toEqual(['a', 'b@', 'c']);
    expect(render(template, 'b@')).toBe('[Unit]\nA=1\n\nB=1\n');
    expect(render(template, 'c')).toBe('[Unit]\nA=2\nB=1\n');
  });
});
