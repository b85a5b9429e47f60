// The command line of the operator: words → command → exit code.
import { CommanderError, Command as Parser } from "commander";
import { DriverError, messageOf } from "../errors.ts";
import type { Caller } from "../session.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { layoutOf } from "./layout.ts";
import { COMMON, type CommandText } from "./manual/text.ts";
import { ACTIONS, COMMANDS, DESCRIPTION, ENVIRONMENT, EXIT_CODES, GROUPS } from "./manual.ts";
import { findOneadmin } from "./oneadmin.ts";
import type { Command, Operator } from "./operator.ts";
import { Options } from "./options.ts";
import { Terminal, writeAll } from "./terminal.ts";

// Loaded one by one, because a command need not wait for the code of the others.
const HANDLERS: Readonly<Record<string, () => Promise<Command>>> = {
  install: async () => (await import("./install/install.ts")).install,
  uninstall: async () => (await import("./install/uninstall.ts")).uninstall,
  doctor: async () => (await import("./doctor.ts")).doctor,
  status: async () => (await import("./status.ts")).status,
  list: async () => (await import("./list.ts")).list,
  show: async () => (await import("./show.ts")).show,
  history: async () => (await import("./history.ts")).history,
  logs: async () => (await import("./logs.ts")).logs,
  reconcile: async () => (await import("./reconcile.ts")).reconcile,
  "range list": async () => (await import("./range.ts")).rangeList,
  "range add": async () => (await import("./range.ts")).rangeAdd,
  "range remove": async () => (await import("./range.ts")).rangeRemove,
  reverse: async () => (await import("./reverse.ts")).reverse,
  metrics: async () => (await import("./metrics.ts")).metrics,
  pool: async () => (await import("./pool.ts")).pool,
  completion: async () => (await import("./completion.ts")).completion,
};

/** Runs the command that the words name and returns its exit code. Throws only for faults of the program. */
export async function runOperator(caller: Caller, words: readonly string[]): Promise<number> {
  let exit: number = EXIT.done;
  const end = words.indexOf("--");
  if (words.slice(0, end === -1 ? undefined : end).some((word) => word === "--version" || word === "-V")) {
    writeAll(1, `scw-flexip ${caller.version}\n`);
    return exit;
  }
  const program = parserOf(async (text, options, parameters) => {
    exit = await run(caller, text, options, parameters);
  });
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.code === "commander.helpDisplayed" || error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return exit;
}

async function run(caller: Caller, text: CommandText, values: Values, parameters: readonly string[]): Promise<number> {
  const options = new Options(values);
  const { NO_COLOR: noColor = "", TERM: term } = caller.environment;
  const isDumb = term === "dumb";
  const color = options.has("color") && noColor === "" && !isDumb;
  const terminal = new Terminal({ quiet: options.has("quiet"), color, isDumb });
  try {
    const handler = await HANDLERS[text.name]?.();
    if (handler === undefined) throw new Error(`no handler for ${text.name}`);
    const layout = layoutOf(options.text("root") ?? "/", options.text("oneLocation"));
    const operator: Operator = {
      caller: { ...caller, action: text.name },
      terminal,
      options,
      words: parameters,
      layout,
      oneadmin: findOneadmin(layout.root),
      environment: caller.environment,
      interrupt: new Interrupt(),
    };
    return await handler(operator);
  } catch (error) {
    const exit = exitCodeOf(error);
    if (exit === undefined || !(error instanceof DriverError)) throw error;
    terminal.warn(`scw-flexip ${text.name}: ${messageOf(error)}`);
    return exit;
  }
}

type Values = Readonly<Record<string, unknown>>;
type Start = (text: CommandText, values: Values, parameters: readonly string[]) => Promise<void>;

function parserOf(start: Start): Parser {
  const program = new Parser("scw-flexip")
    .description(flowing(DESCRIPTION))
    .usage("COMMAND [options]")
    .helpOption("-h, --help", "print this text")
    .helpCommand("help [command]", "print the text of a command")
    .option("-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (message) => writeAll(1, message),
      writeErr: (message) => writeAll(2, message),
      outputError: (message, write) => write(message.replace(/^error: /, "scw-flexip: ")),
    })
    .showHelpAfterError("see scw-flexip --help")
    .addHelpText("after", `\n${generalHelp()}`);
  const groups = new Map(
    Object.entries(GROUPS).map(([name, summary]) => [
      name,
      program.command(name).description(summary).usage("COMMAND [options]").helpCommand(false),
    ]),
  );
  for (const text of COMMANDS) {
    const [first = "", second] = text.name.split(" ");
    addCommand(second === undefined ? program : (groups.get(first) ?? program), second ?? first, text, start);
  }
  return program;
}

function addCommand(parent: Parser, name: string, text: CommandText, start: Start): void {
  const parser = parent
    .command(`${name} ${text.parameters}`.trim())
    .summary(text.summary)
    .description(`${text.summary}\n\n${flowing(text.text)}`)
    .helpOption("-h, --help", "print this text")
    .showHelpAfterError(`see scw-flexip ${text.name} --help`)
    .addHelpText("after", examplesOf(text));
  for (const option of text.options) parser.option(option.flags, option.text);
  for (const option of COMMON) parser.option(option.flags, option.text);
  parser.action(async () => {
    const values: Values = parser.opts();
    await start(text, values, parser.args);
  });
}

/** The lines of a source file as one paragraph, which the parser wraps to the terminal. */
function flowing(text: string): string {
  return text.replaceAll("\n", " ");
}

function examplesOf({ examples }: CommandText): string {
  const lines = examples.map(({ command, text }) => `  ${command}\n      ${text}`);
  return `\nExamples:\n${lines.join("\n")}\n`;
}

function generalHelp(): string {
  const rows = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([name, text]) => `  ${name.padEnd(18)}${text}`).join("\n");
  return `${ACTIONS}

Settings: etc/ipam/scw-flexip/scw-flexip.conf in the remotes tree.

Environment:
${rows(ENVIRONMENT)}

Exit codes:
${rows(EXIT_CODES)}

Options and examples of a command: scw-flexip COMMAND --help`;
}
