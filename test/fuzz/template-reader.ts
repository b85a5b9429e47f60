// Reads a template as oned does: the rules of OpenNebula's lexer (OpenNebula/one, src/parsers/template_parser.l), which
// takes the longest match and of equal ones the first, and its grammar for one vector attribute.

type Token = { readonly kind: Kind; readonly text: string };
type Kind = "skip" | "variable" | "equal" | "empty" | "comma" | "close" | "open" | "cdata" | "string";
type Rule = { readonly kind: Kind; readonly pattern: RegExp };

// Blanks are space and tab; a newline is only what the rules name.
const INITIAL: readonly Rule[] = [
  { kind: "skip", pattern: /[ \t]*#.*\n/y },
  { kind: "skip", pattern: /[ \t\n]+/y },
  { kind: "variable", pattern: /[A-Za-z0-9_]+/y },
  { kind: "equal", pattern: /[ \t]*=[ \t]*/y },
  { kind: "empty", pattern: /[ \t]*=[ \t]*\n/y },
  { kind: "comma", pattern: /[ \t\n]*,[ \t\n]*/y },
  { kind: "close", pattern: /[ \t\n]*\][ \t\n]*/y },
];
const VALUE: readonly Rule[] = [
  { kind: "open", pattern: /[ \t]*\[[ \t\n]*/y },
  { kind: "cdata", pattern: /[^\n]*\]\]>[^\n]*/y },
  // A quote after a backslash ends the value only when no other one does.
  { kind: "string", pattern: /"(?:\\"|[^"])*"/y },
  { kind: "string", pattern: /[^=#\t \n,[\]]+/y },
];

/** The attributes of `name = [ … ]` as oned would store them. Throws when oned would refuse the text. */
export function readAsOned(text: string, name: string): [string, string][] {
  const tokens = lex(text);
  const take = (...kinds: Kind[]): Token => {
    const token = tokens.shift();
    if (token === undefined || !kinds.includes(token.kind)) throw new Error(`no ${kinds.join(" or ")}: ${token?.text}`);
    return token;
  };
  if (take("variable").text !== name) throw new Error(`no ${name}`);
  take("equal");
  take("open");
  const attributes: [string, string][] = [];
  do {
    const variable = take("variable").text;
    take("equal");
    attributes.push([variable, unquoted(take("string").text)]);
  } while (take("comma", "close").kind === "comma");
  if (tokens.length > 0) throw new Error(`more than ${name}`);
  return attributes;
}

function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let rules = INITIAL;
  for (let at = 0; at < text.length; ) {
    const token = longest(rules, text, at);
    if (token === undefined) throw new Error(`no token at ${JSON.stringify(text.slice(at, at + 20))}`);
    at += token.text.length;
    rules = token.kind === "equal" ? VALUE : INITIAL;
    if (token.kind !== "skip") tokens.push(token);
  }
  return tokens;
}

function longest(rules: readonly Rule[], text: string, at: number): Token | undefined {
  let best: Token | undefined;
  for (const { kind, pattern } of rules) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && found !== "" && found.length > (best?.text.length ?? 0)) best = { kind, text: found };
  }
  return best;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
