// The settings as the settings file that is shipped and as the table in docs/settings.md.
import { isKey, type Key, SETTINGS } from "../driver/settings.ts";
import { SETTING_TEXTS } from "./setting-texts.ts";

const WIDTH = 118;

const HEAD = [
  'Settings of scw-flexip, read on the front-end and on every host. Lines are KEY="value"; after a change on the',
  "front-end run `onehost sync -f` as oneadmin. A key that is commented out has the value shown, which is the default.",
  "The environment variable SCW_FLEXIP_<KEY> overrides a key.",
];

/** scw-flexip.conf as it is shipped: what has a default is commented out. */
export function settingsFile(): string {
  const blocks = keys().map((key) => {
    const line = `${SETTINGS[key].default === undefined ? "" : "#"}${key}="${shippedDefault(key)}"`;
    return [...wrapped(SETTING_TEXTS[key]).map((text) => `# ${text}`), line].join("\n");
  });
  return `${[HEAD.map((line) => `# ${line}`).join("\n"), ...blocks].join("\n\n")}\n`;
}

/** The rows of the table in docs/settings.md. */
export function settingsTable(): string {
  const rows = keys().map((key) => {
    const usual = shippedDefault(key);
    return `| \`${key}\` | ${usual === "" ? "" : `\`${usual}\``} | ${SETTING_TEXTS[key]} |`;
  });
  return ["| key | default | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}

function keys(): Key[] {
  return Object.keys(SETTINGS).filter(isKey);
}

// What the zone decides is left empty.
function shippedDefault(key: Key): string {
  const { default: usual } = SETTINGS[key];
  return typeof usual === "string" ? usual : "";
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
