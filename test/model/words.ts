// What an action said, in words that are the same in every run.

/** Without what differs from run to run: made-up ids, ports, and times that were measured. */
export function normal(text: string): string {
  return text
    .replaceAll(/intent=[0-9a-f-]{36}/g, "intent=…")
    .replaceAll(/intent [0-9a-f-]{36}/g, "intent …")
    .replaceAll(/(_INTENT = \\?")[0-9a-f-]{36}/g, "$1…")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://…");
}

/** The kind of a message: without ids and addresses. */
export function kindOf(line: string | undefined): string {
  return normal(line ?? "")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>")
    .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, "<mac>")
    .replaceAll(/\d+\.\d+\.\d+\.\d+|2001:db8[0-9a-f:]+(\/64)?/g, "<address>")
    .replaceAll(/NIC \d+/g, "NIC n");
}
