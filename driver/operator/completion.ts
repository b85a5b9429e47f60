// Completion scripts for shells, made from the help texts.
import { UsageError } from "../errors.ts";
import { EXIT } from "./exit.ts";
import { COMMON, type CommandText } from "./manual/text.ts";
import { COMMANDS, GROUPS } from "./manual.ts";
import { listNetworks, listRanges } from "./one/networks.ts";
import { asOneadmin, type Operator } from "./operator.ts";

const FILES = ["--root", "--one-location", "--from", "--token-file"];
const VALUES: Readonly<Record<string, string>> = {
  "--output": "table wide json",
  "--level": "debug info warn error",
};
// Words that OpenNebula knows: scw-flexip completion addresses, completion networks.
const KNOWN = "scw-flexip completion";
const NETWORKS = ["--network"];
const ADDRESSES = ["--address"];

export async function completion(operator: Operator): Promise<number> {
  const { words, terminal } = operator;
  const [shell = ""] = words;
  if (shell === "addresses" || shell === "networks") {
    const values = await knownWords(asOneadmin(operator), shell);
    terminal.print(values.map((value) => `${value}\n`).join(""));
    return EXIT.done;
  }
  const make = { bash, zsh }[shell];
  if (make === undefined) throw new UsageError(`completion ${shell}: bash or zsh is needed`);
  terminal.print(make());
  return EXIT.done;
}

/** What a shell can offer without asking the API. Words that a shell must quote are left out. */
async function knownWords(operator: Operator, what: "addresses" | "networks"): Promise<string[]> {
  const all =
    what === "networks"
      ? (await listNetworks(operator)).map(({ name }) => name)
      : (await listRanges(operator)).map(({ ip }) => ip);
  return all.filter((word) => /^[\w.:-]+$/.test(word)).sort();
}

function bash(): string {
  const firsts = COMMANDS.map(({ name }) => name.split(" ")[0] ?? "");
  const cases = [
    ...COMMANDS.map((command) => `    "${command.name}") words="${flagsOf(command).join(" ")}" ;;`),
    ...Object.keys(GROUPS).map((group) => `    "${group}") words="${secondsOf(group).join(" ")}" ;;`),
    `    "") words="${[...new Set(firsts)].join(" ")} --help --version" ;;`,
  ];
  const values = Object.entries(VALUES).map(([flag, words]) => `    ${flag}) words="${words}" ;;`);
  values.push(`    -o) words="${VALUES["--output"]}" ;;`);
  values.push(`    ${NETWORKS.join("|")}) words="$(${KNOWN} networks 2>/dev/null)" ;;`);
  values.push(`    ${ADDRESSES.join("|")}) words="$(${KNOWN} addresses 2>/dev/null)" ;;`);
  const taking = COMMANDS.flatMap(({ name, parameters }) => {
    const what = knownFor(parameters);
    return what === undefined ? [] : [`      "${name}") words="$(${KNOWN} ${what} 2>/dev/null)" ;;`];
  });
  return `# bash completion for scw-flexip; made by: scw-flexip completion bash
_scw_flexip() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" words="" word
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    case $word in -*) continue ;; esac
    case $command in "") command=$word ;; ${Object.keys(GROUPS).join("|")}) command="$command $word" ;; esac
  done
  case $command in
${cases.join("\n")}
  esac
  case $command in completion) words="bash zsh" ;; esac
  case $current in -*) ;; *)
    case $command in
${taking.join("\n")}
    esac ;;
  esac
  case $previous in
${values.join("\n")}
    ${FILES.join("|")}) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _scw_flexip scw-flexip
`;
}

function zsh(): string {
  return `#compdef scw-flexip
# zsh completion for scw-flexip; made by: scw-flexip completion zsh
autoload -U +X bashcompinit && bashcompinit
${bash()}# zsh loads this file at the first completion, which it must answer too.
if [[ $funcstack[1] = _scw-flexip ]]; then _bash_complete -F _scw_flexip; fi
`;
}

/** Which words of OpenNebula's the command takes; undefined: none. */
function knownFor(parameters: string): "addresses" | "networks" | undefined {
  if (parameters.includes("address")) return "addresses";
  return parameters.includes("network") ? "networks" : undefined;
}

function flagsOf({ options }: CommandText): string[] {
  return [...options, ...COMMON].flatMap(({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? []).concat("--help");
}

function secondsOf(group: string): string[] {
  return COMMANDS.flatMap(({ name }) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []));
}
