// JSON from elsewhere: its reader checks what it is.

/** The value, or undefined where the text is none. The text is never repeated. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
