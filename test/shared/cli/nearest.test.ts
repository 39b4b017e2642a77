import { describe, expect, it } from 'vitest';
import { nearest } from '../../../shared/cli/nearest.js';

describe('the nearest word', () => {
  const known = ['install', 'uninstall', 'status', 'pair', 'unpair', 'keep', 'web', 'report'];
  it.each([
    ['statsu', 'status'],
    ['instal', 'install'],
    ['repot', 'report'],
    ['unistall', 'uninstall'],
    ['rep', 'report'],
    ['wen', 'web'],
    ['wbe', 'web'],
    ['ewb', 'web'],
    ['bew', undefined],
    ['fly', undefined],
    ['', undefined],
    ['x', undefined],
    ['statistics', undefined],
  ])('to %j is %j', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });
});
