// What must hold once the life is over: nothing is left behind.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { secretsIn } from "../cloud/invariants.ts";
import { wholeJournal } from "../cloud/journal.ts";
import { PASSWORD } from "../documents.ts";
import type { Cloud } from "./cloud.ts";

type Claim = { readonly text: string; readonly holds: boolean };

/** The claims and whether they hold. */
export function proof(cloud: Cloud): Claim[] {
  const { rig, runs, bystander } = cloud;
  const left = rig.simulator.account.all();
  const { intents, leases } = wholeJournal(rig.frontEnd.stateFile);
  // oned reads what these two write to standard output.
  const answering = runs.filter(({ asked }) => ["register_address_range", "get_address"].includes(asked.ask));
  const answered = runs.filter(({ result }) => result.stdout !== "");
  return [
    {
      text: "no flexible IP of ours is left, attached or free; somebody else's is as it was",
      holds: isDeepStrictEqual(left, [bystander]),
    },
    {
      text: "the journal holds no open intent and no lease",
      holds: Object.keys({ ...intents, ...leases }).length === 0,
    },
    {
      text: `${answering.length} answers read as oned reads them; ${runs.length - answering.length} runs wrote nothing to standard output`,
      holds: isDeepStrictEqual(answering, answered),
    },
    noSecretWritten(cloud),
  ];
}

function noSecretWritten({ rig, runs }: Cloud): Claim {
  const output = runs.map(({ result }) => result.stdout + result.stderr).join("") + rig.logs();
  const elsewhere = readFileSync(rig.frontEnd.stateFile, "utf8") + JSON.stringify(rig.simulator.requests);
  // The start of an input is enough to find it where it was written as it came.
  const inputs = runs.map(({ document }, index) => {
    return [`input ${index}`, Buffer.from(document).toString("base64").slice(0, 90)];
  });
  const secrets = { password: PASSWORD, token: rig.simulator.token, ...Object.fromEntries(inputs) };
  const planted = runs.filter(({ document }) => document.includes(PASSWORD)).length;
  return {
    text: [
      `the guest's password, in ${planted} documents, the API token and the inputs themselves`,
      `are in none of ${output.split("\n").length - 1} lines of output and log, not in the journal and not in a call`,
    ].join("\n  "),
    holds: planted > 0 && rig.logs() !== "" && secretsIn(output + elsewhere, secrets).length === 0,
  };
}
