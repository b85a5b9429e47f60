// What must hold once the life is over: nothing is left behind.
import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { readJournal } from "../cloud/journal.ts";
import { PASSWORD } from "../documents.ts";
import type { Cloud } from "./cloud.ts";
import { isAnswered } from "./play.ts";

export type Claim = { readonly text: string; readonly holds: boolean };

/** The claims and whether they hold. */
export function proof(cloud: Cloud): Claim[] {
  const left = cloud.rig.simulator.account.all();
  const [other] = left;
  return [
    {
      text: "no flexible IP with a tag of ours is left; somebody else's is as it was",
      holds: left.length === 1 && isDeepStrictEqual(other, cloud.bystander),
    },
    {
      text: "nothing is attached to the server of A or of B",
      holds: left.every(({ server_id }) => server_id === null),
    },
    { text: "the journal holds no open intent and no lease", holds: isJournalEmpty(cloud) },
    answersClaim(cloud),
    secretsClaim(cloud),
  ];
}

function isJournalEmpty({ rig }: Cloud): boolean {
  const { intents, leases } = readJournal(rig.frontEnd.stateFile);
  return existsSync(rig.frontEnd.stateFile) && Object.keys({ ...intents, ...leases }).length === 0;
}

function answersClaim({ runs }: Cloud): Claim {
  const answers = runs.filter(({ asked }) => isAnswered(asked.ask));
  const silent = runs.filter(({ asked }) => !isAnswered(asked.ask));
  return {
    text: `${answers.length} answers read as oned reads them; ${silent.length} runs wrote nothing to standard output`,
    holds: answers.every(({ result }) => result.stdout !== "") && silent.every(({ result }) => result.stdout === ""),
  };
}

function secretsClaim({ rig, runs }: Cloud): Claim {
  const { simulator, frontEnd } = rig;
  const output = runs.map(({ result }) => result.stdout + result.stderr).join("");
  const logs = rig.logs();
  const kept = existsSync(frontEnd.stateFile) ? readFileSync(frontEnd.stateFile, "utf8") : "";
  const written = output + logs + kept + JSON.stringify(simulator.requests);
  // The start of an input is enough to find it where it was written as it came.
  const inputs = runs.map(({ document }) => Buffer.from(document).toString("base64").slice(0, 90));
  const planted = runs.filter(({ document }) => document.includes(PASSWORD)).length;
  const vms = runs.filter(({ document }) => document.startsWith("<VM>")).length;
  const isSecret = ![PASSWORD, simulator.token, ...inputs].some((secret) => written.includes(secret));
  const lines = (output + logs).split("\n").length - 1;
  return {
    text: `the guest's password, in ${planted} documents, the API token and the inputs themselves are in none of ${lines} lines of output and log, not in the journal and not in a call`,
    holds: planted === vms && logs !== "" && isSecret,
  };
}
