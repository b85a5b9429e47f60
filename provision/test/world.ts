// Scaleway as the mocks play it: what each expected resource and function answers. Anything else throws.
import { createHash } from "node:crypto";

/** One registration, with the options that never reach a mock. */
export type Registration = {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  /** `type::name` of what it waits for. */
  readonly dependsOn: readonly string[];
  readonly parent: string;
  /** Its full name, and those it may have had before. */
  readonly urn: string;
  readonly aliases: readonly string[];
};

/** What the SDK sends to the engine. */
export type Request = {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly protect?: boolean | undefined;
  readonly dependenciesList: readonly string[];
  readonly ignorechangesList: readonly string[];
  readonly aliasurnsList: readonly string[];
  readonly aliasesList: readonly { readonly urn: string }[];
};

/** The id that Scaleway gives to a resource in these tests: the same for the same type and name. */
export function idOf(type: string, name: string): string {
  const hex = createHash("sha256").update(`${type} ${name}`).digest("hex");
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  if (type.startsWith("scaleway:iam/")) return uuid;
  return `${/:(network|ipam)\//.test(type) ? "fr-par" : "fr-par-2"}/${uuid}`;
}

/** Functions of the provider that are expected, with the field they answer. */
export const CATALOGUE: Readonly<Record<string, string>> = {
  "scaleway:elasticmetal/getOffer:getOffer": "offerId",
  "scaleway:elasticmetal/getOs:getOs": "osId",
  "scaleway:elasticmetal/getOption:getOption": "optionId",
};

/** What each expected resource gets from Scaleway. Any other type throws. */
export class World {
  readonly inputs = new Map<string, Readonly<Record<string, unknown>>>();
  private readonly preview: boolean;

  constructor(preview: boolean) {
    this.preview = preview;
  }

  create(type: string, name: string, inputs: Readonly<Record<string, unknown>>) {
    this.inputs.set(`${type}::${name}`, inputs);
    const state = computed(type, name, inputs);
    return this.preview ? { id: "", state: inputs } : { id: idOf(type, name), state: { ...inputs, ...state } };
  }

  registration(request: Request): Registration {
    return {
      type: request.type,
      name: request.name,
      inputs: this.inputs.get(`${request.type}::${request.name}`) ?? {},
      protect: request.protect ?? false,
      ignoreChanges: request.ignorechangesList,
      dependsOn: request.dependenciesList.map(shortUrn),
      parent: shortUrn(request.parent),
      urn: urnOf(request),
      aliases: [...request.aliasurnsList, ...request.aliasesList.map(({ urn }) => urn)],
    };
  }
}

/** What Scaleway answers for a new resource. Throws for a type that nobody expected. */
export function computed(
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  switch (type) {
    case "hosted-cloud:index:PrivateNetworks":
    case "hosted-cloud:index:ElasticMetalServer":
    case "hosted-cloud:index:DriverCredential":
    case "scaleway:network/vpc:Vpc":
    case "scaleway:network/privateNetwork:PrivateNetwork":
    case "scaleway:iam/sshKey:SshKey":
    case "scaleway:iam/application:Application":
    case "scaleway:iam/group:Group":
    case "scaleway:iam/policy:Policy":
      return {};
    case "scaleway:ipam/ip:Ip":
      return { address: `${name.endsWith("-vmtovm") ? "172.16.24" : "10.16.0"}.${hostNumber(name)}` };
    case "scaleway:elasticmetal/server:Server":
      return {
        ipv4s: [{ address: `192.0.2.${hostNumber(name)}` }, { address: "203.0.113.250" }],
        privateNetworks: attached(inputs.privateNetworks, hostNumber(name)),
      };
    case "scaleway:iam/apiKey:ApiKey":
      return { accessKey: "SCWEXAMPLEEXAMPLE000", secretKey: `secret-key-of-${name}` };
    default:
      throw new Error(`nobody expected a resource of type ${type}`);
  }
}

/** 10 for the front-end, 11 for worker 1, and so on. */
function hostNumber(name: string): number {
  return 10 + Number(/\d+/.exec(name)?.[0] ?? 0);
}

/** The provider keeps them as a set, by ids without their region: neither order nor ids are those asked for. */
function attached(networks: unknown, number: number): readonly unknown[] {
  if (!Array.isArray(networks)) return [];
  return networks
    .map((network: { id: unknown }, index) => ({
      ...network,
      id: String(network.id).split("/").at(-1),
      vlan: 1000 * (index + 1) + number,
    }))
    .reverse();
}

/** As the engine would name it. */
function urnOf({ type, name, parent }: Request): string {
  const [head = "urn:pulumi:test", project = "hosted-cloud", path = ""] = parent.split("::");
  const above = path.replace(/^pulumi:pulumi:Stack\$?/, "");
  return [head || "urn:pulumi:test", project, above === "" ? type : `${above}$${type}`, name].join("::");
}

/** `urn:…::parent$type::name` → `type::name`. */
function shortUrn(urn: string): string {
  const [, , path = "", name = ""] = urn.split("::");
  return urn === "" ? "" : `${path.split("$").at(-1)}::${name}`;
}
