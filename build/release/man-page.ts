// The man page, made from the help texts when a package is built; the executable does not need it. Pure.

import { COMMON, type CommandText, type OptionText } from "../../driver/operator/manual/text.ts";
import { ACTIONS, COMMANDS, DESCRIPTION, ENVIRONMENT, EXIT_CODES } from "../../driver/operator/manual.ts";
import { SETTING_TEXTS } from "../setting-texts.ts";
import { DRIFT, FILES, SUMMARY, TIMERS } from "./man-page-lists.ts";

const SEE_ALSO = ["onevnet", "onevm", "onehost", "onezone", "systemctl", "jq"];
/** scw-flexip(1) in man(7) macros. `date` is the release's: the same sources give the same page. */
export function manPage(version: string, date: string): string {
  return [
    `.TH SCW-FLEXIP 1 "${date}" "scw-flexip ${version}" "User Commands"`,
    ".nh",
    ".SH NAME",
    `scw-flexip \\- ${escaped(SUMMARY)}`,
    ".SH SYNOPSIS",
    ...COMMANDS.map(({ name, parameters }) => `.B scw-flexip ${escaped(name)}\n[options] ${escaped(parameters)}\n.br`),
    ".SH DESCRIPTION",
    paragraph(DESCRIPTION),
    ".SH COMMANDS",
    ...COMMANDS.map(section),
    ".SH COMMON OPTIONS",
    ...COMMON.map(option),
    ".SH ACTIONS AND HOOKS",
    `.nf\n${escaped(ACTIONS)}\n.fi`,
    ".SH EXIT STATUS",
    ...tagged(EXIT_CODES),
    ".SH DRIFT",
    escaped("The kinds that reconcile finds. docs/drift.md explains each."),
    ...tagged(Object.entries(DRIFT)),
    ".SH JSON",
    escaped(
      "docs/schemas has a JSON Schema for what each command prints with -o json. Keys stay, numbers are numbers, and what is absent is null. Sentences are for people, and their words may change.",
    ),
    ".SH SETTINGS",
    escaped('Lines KEY="value" in scw-flexip.conf. The environment variable SCW_FLEXIP_<KEY> overrides a line.'),
    ...tagged(Object.entries(SETTING_TEXTS)),
    ".SH ENVIRONMENT",
    ...tagged(ENVIRONMENT),
    ".SH FILES",
    ...tagged(FILES),
    ".SH TIMERS",
    ...tagged(TIMERS),
    ".SH SEE ALSO",
    ...SEE_ALSO.map((name) => `.BR ${escaped(name)} (1)`),
    "",
  ].join("\n");
}

function section({ name, parameters, text, summary, options, examples }: CommandText): string {
  return [
    `.SS "${escaped(`${name} ${parameters}`.trim())}"`,
    `${escaped(summary)}.`,
    ".PP",
    paragraph(text),
    ...options.map(option),
    ...examples.map(
      (example) => `.PP\n${escaped(example.text)}:\n.PP\n.RS 4\n.nf\n${escaped(example.command)}\n.fi\n.RE`,
    ),
  ].join("\n");
}

function option({ flags, text }: OptionText): string {
  return `.TP\n.B ${escaped(flags)}\n${escaped(text)}`;
}

function tagged(pairs: readonly (readonly [string, string])[]): string[] {
  return pairs.map(([name, text]) => option({ flags: name, text }));
}

function paragraph(text: string): string {
  return escaped(text.replaceAll("\n", " "));
}

// A dot or an apostrophe that begins a line would be a request; a hyphen would become a dash.
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1");
}
