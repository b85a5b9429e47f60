// Names of backups: kind/stamp.tar.gz.age, where the stamp is the time of the backup.
import type { Bucket } from "./objects.ts";

export type Kind = "front-end" | "state";

const FORM = /^(front-end|state)\/(\d{8}T\d{6}Z)\.tar\.gz\.age$/;

/** The name of a backup of that kind and time. */
export function nameOf(kind: Kind, now: Date): string {
  return `${kind}/${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}.tar.gz.age`;
}

/** The stamp in a backup's name. */
export function stampOf(name: string): string {
  return FORM.exec(name)?.[2] ?? name;
}

/** The newest backup, or with `at` the newest that is not later. Throws when there is none. */
export async function findBackup(bucket: Bucket, kind: Kind, at: string | undefined): Promise<string> {
  const names = (await bucket.list(`${kind}/`)).map(({ name }) => name).filter((name) => FORM.test(name));
  const found = names.findLast((name) => at === undefined || stampOf(name) <= at);
  if (found !== undefined) return found;
  const [oldest] = names;
  if (oldest === undefined) throw new Error(`the bucket has no backup of the ${kind}; run: make backup`);
  throw new Error(`no backup of the ${kind} is as old as ${at}; the oldest is ${stampOf(oldest)}; run: make backups`);
}
