// What is timed: the executable's actions, the floor below them, and plain programs that make the same calls.
import { dirname, join } from "node:path";
import { REPOSITORY } from "../rig.ts";
import type { Program } from "./clock.ts";
import type { Inputs } from "./site.ts";

/** Settings files by the place of the API that they name. */
export type Places = Readonly<Record<"http" | "far" | "many", string>> & { readonly tls: string | undefined };
export type Stage = {
  readonly inputs: Inputs;
  readonly executable: string;
  readonly floor: string;
  readonly places: Places;
  readonly certificate: string | undefined;
  /** curl, jq and xmllint are there. */
  readonly hasPlainTools: boolean;
};

const SH = join(REPOSITORY, "test/bench/sh");
const ACTIONS = {
  get_address: { words: ["get_address", "7"], input: "lease" },
  pre: { words: ["pre"], input: "publicVm" },
} as const;

/** All programs, by name: `get_address tls`, `sh pre`. What this machine has no tools for is left out. */
export function programsOf(stage: Stage): Program[] {
  const { inputs, places } = stage;
  return [
    { name: "floor", file: stage.floor, parameters: [], environment: {}, input: inputs.nothing },
    { ...driver(stage, "pre", places.http, ""), name: "hook", input: inputs.privateVm },
    driver(stage, "get_address", places.http, ""),
    driver(stage, "pre", places.http, ""),
    driver(stage, "get_address", places.far, " far"),
    driver(stage, "get_address", places.many, " many"),
    driver(stage, "pre", places.many, " many"),
    { ...driver(stage, "pre", places.http, ""), name: "search", input: inputs.handWrittenVm },
    { ...driver(stage, "pre", places.many, ""), name: "search many", input: inputs.handWrittenVm },
    {
      ...driver(stage, "get_address", places.http, ""),
      name: "shim",
      file: join(dirname(stage.executable), "get_address"),
      parameters: ["7"],
    },
    ...overTls(stage),
    ...plain(stage),
  ];
}

function driver(stage: Stage, action: keyof typeof ACTIONS, settings: string, place: string): Program {
  const { words, input } = ACTIONS[action];
  const trust = stage.certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: stage.certificate };
  return {
    name: action + place,
    file: stage.executable,
    parameters: words,
    environment: { SCW_FLEXIP_CONF: settings, ...(place === " tls" ? trust : {}) },
    input: stage.inputs[input],
  };
}

function overTls(stage: Stage): Program[] {
  const { tls } = stage.places;
  return tls === undefined ? [] : [driver(stage, "get_address", tls, " tls"), driver(stage, "pre", tls, " tls")];
}

function plain({ inputs, places, hasPlainTools }: Stage): Program[] {
  if (!hasPlainTools) return [];
  const script = (name: string, file: string, settings: string, input: string): Program => ({
    name,
    file: join(SH, file),
    parameters: [settings.replace(/scw-flexip\.conf$/, "plain.conf")],
    environment: {},
    input,
  });
  const tls =
    places.tls === undefined
      ? []
      : [
          script("sh get_address tls", "get-address.sh", places.tls, inputs.lease),
          script("sh pre tls", "pre.sh", places.tls, inputs.publicVm),
        ];
  return [
    script("sh hook", "pre.sh", places.http, inputs.privateVm),
    script("sh get_address", "get-address.sh", places.http, inputs.lease),
    script("sh pre", "pre.sh", places.http, inputs.publicVm),
    script("dense sh get_address", "get-address-dense.sh", places.http, inputs.lease),
    ...tls,
  ];
}
