// The built tree → packages, archive, checksums and lists in dist/release.
import { release } from "./release/release.ts";

const OUT = "dist/release";
const tell = (line: string): boolean => process.stdout.write(`${line}\n`);

for (const name of release({ out: OUT, level: 9, tell })) tell(`${OUT}/${name}`);
