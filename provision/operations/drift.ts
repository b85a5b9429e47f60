// make drift: looks at everything and changes nothing. Writes a report to .cloud/drift.md; exit code 1 if something differs.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { asOneadmin } from "../specifics/public-network.ts";
import { cloudFolder, operatorSsh, runOperation, say } from "./operation.ts";
import { frontendOf, hostsOutputs, readOutputs } from "./outputs.ts";

type Look = { readonly what: string; readonly isRight: boolean; readonly said: string };

const DRIVER = "/var/lib/one/remotes/ipam/scw-flexip/scw-flexip";
const LOOK_MS = 600_000;

await runOperation(async () => {
  const outputs = await readOutputs(hostsOutputs);
  const looks: Look[] = [];
  const note = (look: Look) => {
    looks.push(look);
    say(`${look.isRight ? "as it should be" : "DIFFERS        "} ${look.what}`);
  };
  note(
    run("what Scaleway has", process.env.PULUMI || "pulumi", "preview", "--refresh", "--expect-no-changes", "--diff"),
  );
  for (const target of ["network", "hardening"])
    note(run(`${target} of the hosts`, "make", "--no-print-directory", target, "LOOK=1"));
  const frontend = frontendOf(outputs.sshUser, outputs.hosts);
  for (const command of ["doctor", "reconcile"]) {
    const look = operatorSsh()(frontend, asOneadmin(`${DRIVER} ${command} 2>&1`), { timeoutMs: LOOK_MS });
    note(
      await look.then(
        (said) => ({ what: `scw-flexip ${command}`, isRight: true, said }),
        (error: Error) => ({ what: `scw-flexip ${command}`, isRight: false, said: error.message }),
      ),
    );
  }
  writeFileSync(`${cloudFolder()}/drift.md`, report(looks), { mode: 0o600 });
  const differing = looks.filter(({ isRight }) => !isRight).map(({ what }) => what);
  if (differing.length > 0) throw new Error(`not as it should be: ${differing.join(", ")}; .cloud/drift.md says more`);
});

function run(what: string, program: string, ...words: readonly string[]): Look {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", maxBuffer: 2 ** 28 });
  return { what, isRight: status === 0, said: `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}` };
}

function report(looks: readonly Look[]): string {
  const parts = looks.map(
    ({ what, isRight, said }) =>
      `## ${isRight ? "As it should be" : "Differs"}: ${what}\n\n\`\`\`\n${said.trim()}\n\`\`\`\n`,
  );
  return `# Drift, ${new Date().toISOString()}\n\n${parts.join("\n")}`;
}
