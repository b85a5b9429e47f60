// Text from others on a terminal: names of VMs and networks may hold anything. Pure.

/** The text on one line, without what a terminal would act on: control characters, and marks that turn its direction. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ");
}

/** Columns that the text takes: none for marks that combine, two for what East Asia writes and for pictures. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const wide = text.match(
    /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/gu,
  );
  const flat = text.match(/\p{M}|\p{Cf}/gu);
  return [...text].length + (wide?.length ?? 0) - (flat?.length ?? 0);
}
