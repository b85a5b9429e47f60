// Everything that can be known before money is spent, in one list.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Environment, missingKeys, scalewayOf } from "../remote/scaleway.ts";
import { checkSettings, ownSettings, type Settings, SettingsError } from "../settings.ts";
import { PASSWORDS } from "../settings-schema.ts";
import { checkKey, checkPermissions, checkProject } from "./account.ts";
import { type Finding, missing, ok, renderFinding } from "./finding.ts";
import { checkOrder } from "./order.ts";
import { checkTools, type Run } from "./tools.ts";

export type PreflightPorts = {
  readonly environment: Environment;
  readonly run: Run;
  readonly sdkVersion: string;
  readonly now: Date;
  readonly print: (line: string) => void;
};

type Written = Readonly<Record<string, { readonly value?: string; readonly secret?: boolean }>>;

/** Prints each line as soon as it is known. Returns how many things are missing. */
export async function preflight(ports: PreflightPorts): Promise<number> {
  const { environment, run, sdkVersion, now, print } = ports;
  let count = 0;
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) print(renderFinding(finding));
    count += findings.filter(({ verdict }) => verdict === "missing").length;
  };
  const config = run("pulumi", ["config", "--json"]);
  const written: Written = config.isOk ? JSON.parse(config.said) : {};
  tell(checkTools(run, sdkVersion, written[`${PROJECT}:sshPublicKey`]?.value));
  const { findings, checked } = config.isOk
    ? settingsFindings(written, now)
    : { findings: [missing(`the stack's settings cannot be read (${config.said})`, SELECT)], checked: undefined };
  tell(findings);
  const lacking = missingKeys(environment);
  tell(lacking.map((what): Finding => ({ verdict: "missing", what })));
  if (checked !== undefined && lacking.length === 0) {
    const api = scalewayOf(environment);
    tell(await checkKey(api, environment.SCW_ACCESS_KEY ?? "", now));
    tell(await checkProject(api, checked));
    tell(await checkPermissions(api, checked));
    tell(await checkOrder(api, checked));
  }
  const things = count === 1 ? "1 thing is" : `${count} things are`;
  print(count === 0 ? "ready: make preview, then make up" : `${things} missing; nothing was ordered`);
  return count;
}

const PROJECT: string = parse(readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8")).name;
const SELECT =
  "log in as make state printed, then: pulumi stack select <name> --create, and set its settings (Pulumi.example.yaml)";

function settingsFindings(written: Written, now: Date): { findings: Finding[]; checked?: Settings } {
  const values = Object.fromEntries(Object.entries(written).map(([key, { value }]) => [key, value]));
  const passwords = Object.keys(PASSWORDS).map((name) => passwordFinding(name, written[`${PROJECT}:${name}`]));
  try {
    return { checked: checkSettings(ownSettings(values, PROJECT), now), findings: [...passwords, ok("settings")] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [, ...lines] = error.message.split("\n");
    return { findings: [...passwords, ...lines.map((line): Finding => ({ verdict: "missing", what: line.trim() }))] };
  }
}

function passwordFinding(name: string, written: Written[string] | undefined): Finding {
  const next = `run: pulumi config set --secret ${name}`;
  if (written === undefined) return missing(`${name} is not set`, next);
  return written.secret === true ? ok(`${name} is set`) : missing(`${name} is not stored as a secret`, next);
}
