// Everything that can be known before money is spent, as one list.
import { checkSettings, type Settings, SettingsError, type WrittenSettings } from "../settings.ts";
import { checkKey, checkPermissions, checkProject } from "./account.ts";
import { type Finding, missing, ok, renderFinding } from "./finding.ts";
import { checkOrder } from "./order.ts";
import { openScaleway } from "./scaleway.ts";
import { checkTools, type Run } from "./tools.ts";

export type PreflightPorts = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly run: Run;
  readonly sdkVersion: string;
  readonly now: Date;
  readonly print: (line: string) => void;
};

/** Prints the list as it is found out. Answers how many things are missing. */
export async function preflight(ports: PreflightPorts): Promise<number> {
  let count = 0;
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) ports.print(renderFinding(finding));
    count += findings.filter(({ verdict }) => verdict === "missing").length;
  };
  const written = readWritten(ports.run);
  tell(checkTools(ports.run, ports.sdkVersion, written?.sshPublicKey));
  const settings = settingsFindings(written, ports.now);
  tell(settings.findings);
  const key = keyOf(ports.environment);
  tell(key.findings);
  if (settings.checked !== undefined && key.api !== undefined) {
    tell(await checkKey(key.api, key.accessKey, ports.now));
    tell(await checkProject(key.api, settings.checked));
    tell(await checkPermissions(key.api, settings.checked));
    tell(await checkOrder(key.api, settings.checked));
  }
  ports.print(
    count === 0
      ? "ready: make preview, then make up"
      : `${count === 1 ? "1 thing is" : `${count} things are`} missing; nothing was ordered`,
  );
  return count;
}

/** Settings of the selected stack, secrets left out; a key without its namespace. */
function readWritten(run: Run): WrittenSettings | undefined {
  const text = run("pulumi", ["config", "--json"]);
  if (text === undefined) return undefined;
  const entries: [string, { value?: string; secret?: boolean }][] = Object.entries(JSON.parse(text));
  const secrets = entries.filter(([, { secret }]) => secret === true).map(([key]) => [bare(key), ""]);
  return Object.fromEntries([
    ...entries.filter(([, { secret }]) => secret !== true).map(([key, { value }]) => [bare(key), value]),
    ...secrets,
  ]);
}

function settingsFindings(
  written: WrittenSettings | undefined,
  now: Date,
): { readonly findings: Finding[]; readonly checked?: Settings } {
  if (written === undefined) {
    return {
      findings: [
        missing(
          "no stack is selected",
          "run: pulumi stack select <name> --create, then set its settings (Pulumi.example.yaml)",
        ),
      ],
    };
  }
  const { onePassword, dbPassword, ...rest } = written;
  const passwords = Object.entries({ onePassword, dbPassword }).map(([name, value]) => passwordFinding(name, value));
  try {
    const known = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== "region"));
    return { findings: [...passwords, ok("settings")], checked: checkSettings(known, now) };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [, ...lines] = error.message.split("\n");
    return { findings: [...passwords, ...lines.map((line): Finding => ({ verdict: "missing", what: line.trim() }))] };
  }
}

/** A secret setting arrives here without its value. */
function passwordFinding(name: string, value: string | undefined): Finding {
  const next = `run: pulumi config set --secret ${name}`;
  if (value === undefined) return missing(`${name} is not set`, next);
  return value === "" ? ok(`${name} is set`) : missing(`${name} is not stored as a secret`, next);
}

function keyOf(environment: PreflightPorts["environment"]) {
  const { SCW_ACCESS_KEY: accessKey = "", SCW_SECRET_KEY: secretKey = "", SCW_API_URL: url } = environment;
  const findings = [
    ...(/^SCW[A-Z0-9]{17}$/.test(accessKey)
      ? []
      : [missing("SCW_ACCESS_KEY holds no access key", "export SCW_ACCESS_KEY=SCW…")]),
    ...(/^[0-9a-f-]{36}$/i.test(secretKey)
      ? []
      : [missing("SCW_SECRET_KEY holds no secret key", "export SCW_SECRET_KEY=…")]),
  ];
  if (findings.length > 0) return { findings, accessKey, api: undefined };
  return { findings, accessKey, api: openScaleway(url ?? "https://api.scaleway.com", secretKey) };
}

function bare(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}
