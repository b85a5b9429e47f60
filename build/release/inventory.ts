// The two lists of what is inside the executable: one for programs, one for people. Pure.
import type { Bundled } from "./bundled.ts";

export type Product = {
  readonly version: string;
  /** Of the executable, hexadecimal. */
  readonly sha256: string;
  /** Seconds since 1970 of the release. */
  readonly epoch: number;
};

/** A software bill of materials as CycloneDX 1.5 JSON. */
export function sbom({ version, sha256, epoch }: Product, contents: readonly Bundled[]): string {
  const ref = `pkg:generic/scw-flexip@${version}`;
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": ref,
        name: "scw-flexip",
        version,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        licenses: [{ license: { id: "Apache-2.0" } }],
        purl: ref,
      },
    },
    components: contents.map(component),
    dependencies: [{ ref, dependsOn: contents.map(({ purl }) => purl) }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function component({ name, version, licence, integrity, purl }: Bundled) {
  return {
    type: name === "node" ? "platform" : "library",
    "bom-ref": purl,
    name,
    version,
    // Of the npm archive that it came in.
    hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex") }],
    licenses: [{ license: { id: licence } }],
    purl,
    ...(name === "node" ? { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:-:*:*:*` } : {}),
  };
}

/** Name, version and licence of each, then each one's text. */
export function licences(version: string, contents: readonly Bundled[]): string {
  const title = ({ name, version, licence }: Bundled): string => `${name} ${version}: ${licence}`;
  const rule = "=".repeat(78);
  return [
    `What the executable of scw-flexip ${version} holds, beside scw-flexip itself (Apache-2.0).`,
    "Node's text names what Node holds in its turn.",
    "",
    ...contents.map(title),
    ...contents.flatMap((each) => ["", rule, title(each), rule, "", each.text.trim()]),
    "",
  ].join("\n");
}
