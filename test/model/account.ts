// The project that two OpenNebulas share, and what is in it before either of them does anything.
import { digest } from "../cloud/invariants.ts";
import type { FlexibleIpRecord } from "../fakes/flexible-ip-record.ts";
import { FlexibleIps } from "../fakes/flexible-ips.ts";
import { OTHER_PROJECT, PROJECT } from "../rig.ts";

export const TOKEN = "0a11ce00-0000-4000-8000-000000000003";
export const ZONE = "fr-par-2";

/** What was in the project at the start. */
export type Seeded = { readonly adoptable: readonly Known[]; readonly foreign: readonly Known[] };

export type Known = { readonly id: string; readonly address: string; readonly digest: string };

export function newAccount(): FlexibleIps {
  return new FlexibleIps({ token: TOKEN, zone: ZONE, settle: "manual", maxPageSize: 10 });
}

/** Puts there what somebody bought himself, what may be adopted and what may not. */
export function seed(account: FlexibleIps): Seeded {
  const tags = ["theirs"];
  const adoptable = [
    { ip: "203.0.113.201", mac: "52:54:00:f0:00:01" },
    { ip: "203.0.113.202", mac: null },
    { ip: "203.0.113.203", mac: null },
    { ip: "2001:db8:aaaa:1::/64", mac: null },
  ].map((one) => account.add({ ...one, projectId: PROJECT, tags }));
  const foreign = [
    account.add({ ip: "203.0.113.211", projectId: PROJECT, tags, mac: "52:54:00:f0:00:11", serverId: SOMEBODYS }),
    account.add({ ip: "203.0.113.212", projectId: PROJECT, tags: [], mac: "52:54:00:f0:00:12" }),
    account.add({ ip: "203.0.113.213", projectId: OTHER_PROJECT, tags: [], mac: null }),
  ];
  const knownAs = ({ id }: { id: string }): Known[] => {
    const record = account.table.find(id);
    return record === undefined ? [] : [known(record)];
  };
  return { adoptable: adoptable.flatMap(knownAs), foreign: foreign.flatMap(knownAs) };
}

const SOMEBODYS = "44444444-4444-4444-8444-444444444444";

function known(flexibleIp: FlexibleIpRecord): Known {
  return { id: flexibleIp.id, address: flexibleIp.ipAddress, digest: digest(flexibleIp) };
}
