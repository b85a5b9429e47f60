// MariaDB on a test host, as one-deploy leaves it: root comes in by the socket, oned's database is there.
import { setTimeout as sleep } from "node:timers/promises";
import { shellQuoted } from "../../remote/ssh.ts";
import type { TestHost } from "./host.ts";

const START = `set -eu
mkdir -p /run/mysqld /var/lib/mysql
mariadb-install-db --user=root --datadir=/var/lib/mysql --skip-test-db >/dev/null
setsid mariadbd --user=root --datadir=/var/lib/mysql --skip-networking --skip-log-bin </dev/null >/var/log/mariadb.log 2>&1 &
`;

/** Starts it with an empty database `opennebula`. It ends with its host. */
export async function startDatabase({ ssh, target }: TestHost): Promise<void> {
  await ssh(target, `sudo sh -c ${shellQuoted(START)}`);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ssh(target, "sudo mariadb --execute 'CREATE DATABASE IF NOT EXISTS opennebula'");
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

/** Runs SQL on the host, with oned's database chosen. */
export function sql({ ssh, target }: TestHost, text: string): Promise<string> {
  return ssh(target, "sudo mariadb --batch --skip-column-names opennebula", { stdin: text, timeoutMs: 600_000 });
}
