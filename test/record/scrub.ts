import { isIPv4, isIPv6 } from "node:net";

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const MAC = /(?<![\w:])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![\w:])/gi;
const IPV4 = /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)/g;
const IPV6 = /(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi;
// A reverse name holds its address with dashes.
const DASHED_IPV4 = /(?<![\w-])\d{1,3}(?:-\d{1,3}){3}(?![\w-])/g;
const DASHED_IPV6 = /(?<![\w-])[0-9a-f]{0,4}(?:-[0-9a-f]{0,4}){2,7}(?![\w-])/gi;

/** Replaces ids, MACs and addresses by invented ones, the same for the same in all texts it is given. */
export function scrubber(secret: string): (text: string) => string {
  const ids = numbered((n) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`);
  const macs = numbered((n) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`);
  const ipv4 = numbered((n) => `192.0.2.${n}`);
  const ipv6 = numbered((n) => `2001:db8:0:${n.toString(16)}::`);
  const address = (text: string): string => {
    if (isIPv4(text)) return ipv4(text);
    return isIPv6(text) ? ipv6(text) : text;
  };
  const dashed =
    (separator: string) =>
    (text: string): string => {
      const plain = text.replaceAll("-", separator);
      const scrubbed = address(plain);
      return scrubbed === plain ? text : scrubbed.replaceAll(separator, "-");
    };
  return (text) =>
    text
      .replaceAll(secret, "***")
      .replaceAll(UUID, ids)
      .replaceAll(MAC, macs)
      .replaceAll(IPV4, address)
      .replaceAll(IPV6, address)
      .replaceAll(DASHED_IPV4, dashed("."))
      .replaceAll(DASHED_IPV6, dashed(":"));
}

function numbered(name: (number: number) => string): (real: string) => string {
  const names = new Map<string, string>();
  return (real) => {
    const known = names.get(real.toLowerCase()) ?? name(names.size + 1);
    names.set(real.toLowerCase(), known);
    return known;
  };
}
