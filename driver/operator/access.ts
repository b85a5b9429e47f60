import { accessSync } from "node:fs";
import { messageOf } from "../errors.ts";

/** Why this user may not use the path in that mode (R_OK, W_OK, X_OK of node:fs); undefined when it may. */
export function whyNoAccess(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
