/** Removes the user and the password of every address from a text that is shown. Pure. */
export function withoutPasswords(text: string): string {
  // To the last @ of the word: a password that is not percent-encoded may hold any other character.
  return text.replaceAll(/(\w:\/\/)[^\s"']*@/g, '$1…@');
}
