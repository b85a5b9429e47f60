// One-line changes that break a program in small ways. Pure.

export type Mutant = { readonly file: string; readonly line: number; readonly before: string; readonly after: string };

const OPERATORS: readonly (readonly [RegExp, string])[] = [
  [/===/, "!=="],
  [/!==/, "==="],
  [/ && /, " || "],
  [/ \|\| /, " && "],
  [/ < /, " >= "],
  [/ > /, " <= "],
  [/ <= /, " < "],
  [/ >= /, " > "],
  [/\btrue\b/, "false"],
  [/\bfalse\b/, "true"],
  [/ \+ /, " - "],
  [/if \(!/, "if ("],
  [/if \((?!!)([^()]+)\)/, "if (!($1))"],
  [/^(\s+)await [a-z][\w.]*\(.*\);$/, "$1;"],
  [/^(\s+)return [a-z].*;$/, "$1return undefined;"],
  [/\.some\(/, ".every("],
  [/\.every\(/, ".some("],
  [/ = (\d+);$/, " = 7$1;"],
];

const SHELL_OPERATORS: readonly (readonly [RegExp, string])[] = [
  [/(\[ .*) = /, "$1 != "],
  [/ -eq /, " -ne "],
  [/\[ -n /, "[ -z "],
  [/\[ -z /, "[ -n "],
  [/\[ -e /, "[ ! -e "],
  [/ -lt /, " -ge "],
  [/ -le /, " -gt "],
  [/ && /, " || "],
  [/ \|\| /, " && "],
  [/\b(if|while|until) ! /, "$1 "],
  [/\b(if|while|until) (?!!)/, "$1 ! "],
  [/\b(exit|return) [1-9]\d*/, "$1 0"],
  // A command that stands alone is left out.
  [/^(\s*)(?!(if|fi|for|do|done|case|esac|while|until|local|echo|exit|return)\b)[a-z_]+ [^(){}\\|]*[^\\|;&]$/, "$1:"],
];

/** Every mutant of a file: one operator at one place of a line of code. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const isShell = file.endsWith(".sh");
  const lines = isShell ? withoutDocuments(text) : text.split("\n");
  return lines.flatMap((before, index) =>
    isCode(before)
      ? (isShell ? SHELL_OPERATORS : OPERATORS).flatMap(([pattern, replacement]) => {
          const after = before.replace(pattern, replacement);
          return after === before ? [] : [{ file, line: index + 1, before, after }];
        })
      : [],
  );
}

/** The things in a random order, the same for the same seed. */
export function shuffled<T>(things: readonly T[], seed: number): T[] {
  const rest = [...things];
  const drawn: T[] = [];
  let state = seed;
  while (rest.length > 0) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    drawn.push(...rest.splice(state % rest.length, 1));
  }
  return drawn;
}

/** The lines of a script; those of its here-documents are empty. */
function withoutDocuments(text: string): string[] {
  let end: string | undefined;
  return text.split("\n").map((line) => {
    if (end !== undefined) {
      if (line.trim() === end) end = undefined;
      return "";
    }
    end = /<<-?\s*['"]?(\w+)/.exec(line)?.[1];
    return line;
  });
}

// Nobody should notice a change in these: a message for the log, a type, a time that only shifts how long something waits.
const NOT_CODE = [
  /^\s*(#|\/\/|\*|\/\*|import|export type|type|readonly|declare|["'`]|\| )/,
  /\blog\.(debug|info|warn|error)\(/,
  /_MS\b/,
];

function isCode(line: string): boolean {
  return !NOT_CODE.some((pattern) => pattern.test(line));
}
