// A NIC as oned writes it into the documents of hooks.
import type { NicFields } from "../documents.ts";
import type { Nic } from "./pool.ts";

/** `inherits`: oned.conf has NICs inherit the range's SCW_ attributes. `isMarked`: it is the NIC that comes or goes. */
export function nicFields({ nicId, parent, range }: Nic, inherits = true, isMarked = false): NicFields {
  const { attributes, ip, mac, arId } = range;
  const inherited = Object.entries(attributes).filter(
    ([name]) => name === "EXTERNAL_IP" || name === "IP6" || (inherits && name.startsWith("SCW_")),
  );
  return {
    ...{ AR_ID: arId, BRIDGE: "br0", VN_MAD: "bridge", IP: ip, MAC: mac, NIC_ID: nicId },
    ...Object.fromEntries(inherited),
    ...(isMarked ? { ATTACH: "YES" } : {}),
    ...(parent === undefined ? {} : { PARENT_ID: parent.nicId, alias: "YES" as const }),
  };
}
