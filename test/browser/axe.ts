/** What axe-core finds in a page: parts that not all readers can use. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { root } from '../support/programs.js';

const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Serious and critical findings of axe-core. It runs beside the page's policy, as the debugger does. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`);
}
