// What a reader may get: valid documents, valid ones with something done to them, and noise.
import fc from "fast-check";
import { ipamDocument, vmDocument } from "../documents.ts";
import { mutated, PLANTED } from "./mutations.ts";

const MAC = "52:54:00:aa:00:07";

const ipamText = fc
  .record({
    TYPE: fc.constantFrom("IP4", "IP4_6_STATIC", PLANTED),
    SIZE: fc.constantFrom("1", "08", PLANTED),
    IP: fc.constantFrom("203.0.113.7", "any", PLANTED),
    COMMENT: fc.string({ unit: fc.constantFrom(..."abc <>&\"'[]\\"), maxLength: 20 }).map((text) => PLANTED + text),
    GATEWAY: fc.option(fc.constant(PLANTED), { nil: undefined }),
    toString: fc.option(fc.constant(PLANTED), { nil: undefined }),
  })
  .chain((range) => {
    const whole = ipamDocument({ IPAM_MAD: "scw-flexip", MAC, ...range });
    return fc.constantFrom(whole, whole.replace("<SIZE/>", "<SIZE>1</SIZE>"));
  });

const vmText = fc
  .array(
    fc.record({
      IP: fc.constantFrom("203.0.113.7", "10.0.0.1", PLANTED),
      ATTACH: fc.constantFrom("YES", undefined),
      alias: fc.constantFrom("YES" as const, undefined),
    }),
    { maxLength: 3 },
  )
  .map((nics) => {
    const fields = nics.map(({ alias, ...nic }, index) => ({
      ...{ NIC_ID: String(index), MAC, SCW_FLEXIBLE_IP_ID: PLANTED, ...nic },
      ...(alias === undefined ? {} : { alias, PARENT_ID: "0" }),
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
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof(
    { weight: 30, arbitrary: base64 },
    text,
    noise.map((bytes) => bytes.toString("latin1")),
    fc.base64String({ maxLength: 300 }),
    fc.tuple(base64, fc.nat()).map(([whole, at]) => whole.slice(0, at % (whole.length + 1))),
    base64.map((whole) => whole.replaceAll(/.{76}/g, "$&\n")),
  );
}

/** A settings file; half of them are bent. */
export const settingsText = fc.oneof(settings(false), settings(true), mutated(settings(true)));

function settings(isBent: boolean): fc.Arbitrary<string> {
  const one = (good: string, ...bad: string[]) => (isBent ? fc.constantFrom(good, good, ...bad) : fc.constant(good));
  const lines = fc.tuple(
    one("one", PLANTED, "a b", "ü").map((cloud) => `CLOUD="${cloud}"`),
    one("", " 192.0.2.54", ` ${PLANTED}`).map((more) => `DNS='192.0.2.53${more}'`),
    one("60", "0", "1e3", "٣٠", "-5", PLANTED).map((time) => `HOOK_TIMEOUT=${time}`),
    fc.constant(`# ${PLANTED}`),
    one("LOG_DIR", "__proto__", "constructor", "K".repeat(3_000), "toString").map((key) => `${key}="/${PLANTED}"`),
  );
  const ends = fc.infiniteStream(fc.oneof(fc.constantFrom("\n", "\r\n", " # a\n", "\n\n"), one("\n", "\\\n", "")));
  const always = ['ZONE="fr-par-2"', 'PROJECT_ID="11111111-1111-4111-8111-111111111111"'];
  return fc
    .tuple(
      lines.chain((all) => fc.subarray(all)),
      ends,
    )
    .map(([some, end]) => [...always, ...some].map((line) => line + end.next().value).join(""));
}
