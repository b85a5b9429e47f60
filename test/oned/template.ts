// Templates of OpenNebula.
export type Template = readonly (readonly [name: string, value: string | Readonly<Record<string, string>>])[];

/** The text of a template: `NAME = "value"` and `NAME = [ A="b" ]`. */
export function templateText(template: Template): string {
  return template
    .map(([name, value]) => `${name} = ${typeof value === "string" ? quote(value) : list(value)}\n`)
    .join("");
}

function list(attributes: Readonly<Record<string, string>>): string {
  return `[ ${Object.entries(attributes)
    .map(([name, value]) => `${name} = ${quote(value)}`)
    .join(", ")} ]`;
}

function quote(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
