/** Lists of objects that no good store sends. */
import { describe, expect, it } from 'vitest';
import { readListPage } from '../../../../receiver/store/s3/s3-answers.js';

const object = (key: string): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-22T08:30:15.000Z</LastModified><Size>7</Size></Contents>`;
const list = (inner: string): string => `<ListBucketResult>${inner}</ListBucketResult>`;

describe('a list of objects', () => {
  it('has its objects and prefixes, whatever is between them', () => {
    const prefix = '<CommonPrefixes><Prefix>yard%2F</Prefix></CommonPrefixes>';
    const page = readListPage(list(`${object('a%2Bb')}\n <Owner>x</Owner>${object('c')}${prefix}`));
    expect(page.objects.map(({ key, byteCount }) => [key, byteCount])).toEqual([
      ['a+b', 7],
      ['c', 7],
    ]);
    expect(page).toMatchObject({ prefixes: ['yard/'], next: undefined });
  });

  it.each(['Contents', 'CommonPrefixes'])('that is cut off in <%s> is none', (element) => {
    const cut = list(`${object('a')}<${element}><Key>b</Key>`);
    expect(() => readListPage(cut)).toThrow(`the list of objects is cut off in <${element}>`);
  });

  // Where each start is compared with all that follows, this takes many minutes.
  it('of megabytes of starts without an end is refused, and does not keep the program busy', () => {
    const text = list('<Contents>'.repeat(800_000));
    expect(() => readListPage(text)).toThrow('the list of objects is cut off in <Contents>');
  });
});
