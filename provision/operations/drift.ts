// make drift: looks at everything and changes nothing. Prints a report, keeps it in .cloud/drift.md; exit code 1 on a difference.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { asOneadmin } from "../specifics/public-network.ts";
import { cloudFolder, operatorSsh, runOperation, say } from "./operation.ts";
import { hostsOutputs, readOutputs } from "./outputs.ts";

type Look = { readonly what: string; readonly isAsItShould: boolean; readonly said: string };

const DRIVER = "/var/lib/one/remotes/ipam/scw-flexip/scw-flexip";
const LOOK_MS = 600_000;

await runOperation(async () => {
  const outputs = await readOutputs(hostsOutputs);
  const looks: Look[] = [];
  const note = (look: Look) => {
    looks.push(look);
    say(`${look.isAsItShould ? "as it should be" : "DIFFERS        "} ${look.what}`);
  };
  note(
    run("what Scaleway has", process.env.PULUMI || "pulumi", "preview", "--refresh", "--expect-no-changes", "--diff"),
  );
  // What make itself asks of it is the same for a person.
  for (const target of ["network", "hardening"])
    note(run(`${target} of the hosts`, "make", "--no-print-directory", target, "LOOK=1"));
  const [frontend] = outputs.hosts;
  const target = { name: frontend?.name ?? "", host: frontend?.publicIp ?? "", user: outputs.sshUser };
  for (const command of ["doctor", "reconcile"]) {
    const look = operatorSsh()(target, `${asOneadmin(`${DRIVER} ${command} 2>&1`)}`, { timeoutMs: LOOK_MS });
    note(
      await look.then(
        (said) => ({ what: `scw-flexip ${command}`, isAsItShould: true, said }),
        (error: Error) => ({ what: `scw-flexip ${command}`, isAsItShould: false, said: error.message }),
      ),
    );
  }
  writeFileSync(`${cloudFolder()}/drift.md`, report(looks), { mode: 0o600 });
  const differing = looks.filter(({ isAsItShould }) => !isAsItShould).map(({ what }) => what);
  if (differing.length > 0) throw new Error(`not as it should be: ${differing.join(", ")}; .cloud/drift.md says more`);
});

function run(what: string, program: string, ...words: readonly string[]): Look {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", maxBuffer: 2 ** 28 });
  return { what, isAsItShould: status === 0, said: `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}` };
}

function report(looks: readonly Look[]): string {
  const parts = looks.map(
    ({ what, isAsItShould, said }) =>
      `## ${isAsItShould ? "As it should be" : "Differs"}: ${what}\n\n\`\`\`\n${said.trim()}\n\`\`\`\n`,
  );
  return `# Drift, ${new Date().toISOString()}\n\n${parts.join("\n")}`;
}
