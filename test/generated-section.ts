// A part of a document that one program writes, between marks, and another one the rest. Pure.

/** The page with that section in the place of the one that it has, or behind its end. */
export function withSection(page: string, name: string, text: string): string {
  const [open, close] = marks(name);
  const section = `${open}\n${text.trim()}\n${close}\n`;
  const found = sectionOf(page, name);
  return found === undefined ? `${page.trimEnd()}\n\n${section}` : page.replace(found, () => section);
}

/** The new page with that section as the old one has it. */
export function keepSection(page: string, old: string, name: string): string {
  const [open, close] = marks(name);
  const found = sectionOf(old, name);
  return found === undefined ? page : withSection(page, name, found.slice(open.length, -close.length - 1));
}

function sectionOf(page: string, name: string): string | undefined {
  const [open, close] = marks(name);
  const start = page.indexOf(open);
  const end = page.indexOf(close, start);
  return start === -1 || end === -1 ? undefined : page.slice(start, end + close.length + 1);
}

function marks(name: string): [open: string, close: string] {
  return [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
}
