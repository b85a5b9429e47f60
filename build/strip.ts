// Removes the symbol table and other unloaded sections from an ELF executable: the build may not count on binutils,
// and the result must be the same bytes on every machine. Layout: System V ABI, "Object Files".
import { readFileSync, writeFileSync } from "node:fs";

const SECTION_HEADER_SIZE = 64;
const SHF_ALLOC = 2n;

/** Writes to `target` the ELF64 little-endian executable `source` without the sections that are never loaded. */
export function strip(source: string, target: string): void {
  const file = readFileSync(source);
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error(`${source} is no 64-bit little-endian ELF file`);
  }
  const headers = sectionHeaders(file);
  const names = section(file, headers[file.readUInt16LE(0x3e)]);
  const lastLoaded = headers.findLastIndex((header) => (header.readBigUInt64LE(0x08) & SHF_ALLOC) !== 0n);
  if (headers.slice(1, lastLoaded).some((header) => (header.readBigUInt64LE(0x08) & SHF_ALLOC) === 0n)) {
    throw new Error(`${source} has an unloaded section between loaded ones; section numbers would change`);
  }
  // Loaded sections come first, so their numbers, which other sections refer to by, stay as they are.
  const kept = headers.slice(0, lastLoaded + 1).map((header) => Buffer.from(header));
  const loadedEnd = Math.max(...kept.map(fileEnd));
  const namesHeader = Buffer.alloc(SECTION_HEADER_SIZE);
  headers[file.readUInt16LE(0x3e)]?.copy(namesHeader);
  namesHeader.writeBigUInt64LE(BigInt(loadedEnd), 0x18);
  const tableStart = align8(loadedEnd + names.length);

  const out = Buffer.alloc(tableStart + (kept.length + 1) * SECTION_HEADER_SIZE);
  file.copy(out, 0, 0, loadedEnd);
  names.copy(out, loadedEnd);
  for (const [index, header] of [...kept, namesHeader].entries()) {
    header.copy(out, tableStart + index * SECTION_HEADER_SIZE);
  }
  out.writeBigUInt64LE(BigInt(tableStart), 0x28);
  out.writeUInt16LE(kept.length + 1, 0x3c);
  out.writeUInt16LE(kept.length, 0x3e);
  writeFileSync(target, out, { mode: 0o755 });
}

function sectionHeaders(file: Buffer): Buffer[] {
  const start = Number(file.readBigUInt64LE(0x28));
  return Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) =>
    file.subarray(start + index * SECTION_HEADER_SIZE, start + (index + 1) * SECTION_HEADER_SIZE),
  );
}

function section(file: Buffer, header: Buffer | undefined): Buffer {
  if (header === undefined) throw new Error("the section of names is missing");
  const start = Number(header.readBigUInt64LE(0x18));
  return file.subarray(start, start + Number(header.readBigUInt64LE(0x20)));
}

function fileEnd(header: Buffer): number {
  const SHT_NOBITS = 8;
  const start = Number(header.readBigUInt64LE(0x18));
  return header.readUInt32LE(0x04) === SHT_NOBITS ? start : start + Number(header.readBigUInt64LE(0x20));
}

function align8(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
