// IPAM_DRIVER_ACTION_DATA → the address range and the address that an IPAM action is about.
import { InputError, shown } from "../errors.ts";
import { child, children, decodeInput, type Element, names, parseXml, textOf } from "./xml.ts";

/** An address range or a lease as oned sent it: its attributes by name, empty ones left out. */
export type Attributes = ReadonlyMap<string, string>;

export type IpamRequest = {
  readonly addressRange: Attributes;
  /** The lease; empty in `register_address_range` and `unregister_address_range`. */
  readonly address: Attributes;
};

/** Reads the standard input of an IPAM action. Throws InputError. */
export function parseIpamRequest(input: string): IpamRequest {
  const data = parseXml(decodeInput(input), "IPAM_DRIVER_ACTION_DATA", ["AR", "ADDRESS"]);
  const ranges = children(data, "AR");
  const range = ranges[0];
  if (range === undefined || typeof range === "string" || ranges.length > 1) {
    throw new InputError("standard input does not hold one <AR>", "run the action through OpenNebula");
  }
  return { addressRange: attributes(range), address: attributes(children(data, "ADDRESS")[0]) };
}

function attributes(element: Element | undefined): Attributes {
  const found = new Map<string, string>();
  if (element === undefined) return found;
  for (const name of names(element)) {
    const value = child(element, name);
    if (value === undefined || typeof value !== "string") {
      throw new InputError(
        `attribute ${shown(name)} of the address range is no text`,
        "remove it or give it one value",
      );
    }
    if (textOf(element, name) !== "") found.set(name, textOf(element, name));
  }
  return found;
}
