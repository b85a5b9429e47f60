// What a reader may get: valid documents, valid ones with something done to them, and noise.
import fc from "fast-check";
import { ipamDocument, vmDocument } from "../documents.ts";
import { mutated, PLANTED } from "./mutations.ts";

const ipamText = fc
  .record({
    type: fc.constantFrom("IP4", "IP4_6_STATIC", PLANTED),
    size: fc.constantFrom("1", "08", PLANTED),
    ip: fc.constantFrom("203.0.113.7", "any", PLANTED),
    comment: fc.string({ unit: fc.constantFrom(..."abc <>&\"'[]\\"), maxLength: 20 }),
    name: fc.constantFrom("GATEWAY", "X_1", "toString", "valueOf"),
    isLeased: fc.boolean(),
  })
  .map(({ type, size, ip, comment, name, isLeased }) => {
    const range = { IPAM_MAD: "scw-flexip", TYPE: type, SIZE: size, IP: ip, MAC: "52:54:00:aa:00:07" };
    const address = isLeased ? { IP: "203.0.113.7", SIZE: "1" } : {};
    return ipamDocument({ ...range, COMMENT: `${PLANTED} ${comment}`, [name]: PLANTED }, address);
  });

const vmText = fc
  .array(
    fc.record({
      ip: fc.constantFrom("203.0.113.7", "10.0.0.1", PLANTED),
      isHotPlug: fc.boolean(),
      isAlias: fc.boolean(),
    }),
    { maxLength: 3 },
  )
  .map((nics) => {
    const common = { MAC: "52:54:00:aa:00:07", SCW_FLEXIBLE_IP_ID: PLANTED };
    const fields = nics.map(({ ip, isHotPlug, isAlias }, index) => ({
      NIC_ID: String(index),
      IP: ip,
      ...common,
      ...(isHotPlug ? { ATTACH: "YES" } : {}),
      ...(isAlias ? { alias: "YES" as const, PARENT_ID: "0" } : {}),
    }));
    return vmDocument(fields, { id: PLANTED });
  });

/** Standard input of an IPAM action. */
export const ipamInput = packed(mutated(ipamText));

/** Standard input of a hook. */
export const vmInput = packed(mutated(vmText));

/** What comes on standard input: base64 mostly, now and then not quite. */
function packed(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const base64 = text.map((plain) => Buffer.from(plain).toString("base64"));
  const bytes = fc.uint8Array({ maxLength: 300 }).map((noise) => Buffer.from(noise));
  return fc.oneof(
    { weight: 30, arbitrary: base64 },
    { weight: 1, arbitrary: text },
    { weight: 1, arbitrary: bytes.map((noise) => noise.toString("latin1")) },
    { weight: 1, arbitrary: bytes.map((noise) => noise.toString("base64")) },
    { weight: 2, arbitrary: fc.tuple(base64, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1))) },
    { weight: 2, arbitrary: base64.map((whole) => whole.replaceAll(/.{76}/g, "$&\n")) },
  );
}

/** A settings file; half of them are bent. */
export const settingsText = fc.oneof(settings(false), settings(true), mutated(settings(true)));

function settings(isBent: boolean): fc.Arbitrary<string> {
  const one = (good: string, ...bad: string[]) => (isBent ? fc.constantFrom(good, good, ...bad) : fc.constant(good));
  const optional = fc.tuple(
    one("one", PLANTED, "a b", "ü").map((cloud) => `CLOUD="${cloud}"`),
    one("", " 192.0.2.54", ` ${PLANTED}`).map((more) => `DNS='192.0.2.53${more}'`),
    fc
      .tuple(fc.constantFrom("TIMEOUT", "HOOK_TIMEOUT"), one("60", "0", "1e3", "٣٠", "-5", PLANTED))
      .map(([key, value]) => `${key}=${value}`),
    fc.constant(`# ${PLANTED}`),
    one("LOG_DIR", "__proto__", "constructor", "K".repeat(3_000), "toString").map((key) => `${key}="/${PLANTED}"`),
  );
  const ends = fc.array(fc.oneof(fc.constantFrom("\n", "\r\n", " # a\n", "\n\n"), one("\n", "\\\n", "")), {
    minLength: 7,
    maxLength: 7,
  });
  const always = ['ZONE="fr-par-2"', 'PROJECT_ID="11111111-1111-4111-8111-111111111111"'];
  return fc
    .tuple(
      optional.chain((lines) => fc.subarray(lines)),
      ends,
    )
    .map(([lines, endings]) => [...always, ...lines].map((line, index) => line + endings[index]).join(""));
}
