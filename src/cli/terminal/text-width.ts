/** Wide in a terminal: East Asian scripts and pictographs. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
/** Takes no column of its own. */
const ZERO_WIDTH = /\p{Mark}|\p{Default_Ignorable_Code_Point}|\u200b/u;
/** Would move the cursor, or more: never printed as it is. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text without characters that a terminal would act on. */
export function plainText(text: string): string {
  return text.replaceAll(CONTROL, ' ');
}

/** Columns that a text takes in a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The text, cut to so many columns and ended with `…` where it was longer. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    end += character.length;
  }
  return `${text.slice(0, end)}…`;
}

function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
