// JSON from other programs. The caller checks what it holds.

/** The value, or undefined when the text is no JSON. An error would repeat the text, which may hold secrets. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
