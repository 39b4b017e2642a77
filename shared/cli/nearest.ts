/** The known word that a mistyped one is meant to be. Pure. */
import { distance } from 'fastest-levenshtein';

/** @returns undefined: none is near enough, or the word is the start of several */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const starts = known.filter((each) => each.startsWith(word) && word.length >= 3);
  if (starts.length === 1) return starts[0];
  // Two mistakes in a long word, one in a short one.
  const most = word.length >= 4 ? 2 : 1;
  const near = known
    .map((each) => ({ each, distance: isSwapped(word, each) ? 1 : distance(word, each) }))
    .filter((each) => each.distance <= most)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.each;
}

/** Whether two neighbouring letters of one word are in the other order in the other word: one mistake. */
function isSwapped(word: string, other: string): boolean {
  let at = 0;
  while (at < word.length && word[at] === other[at]) at += 1;
  const swapped = word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
  return at < word.length && swapped === other;
}
