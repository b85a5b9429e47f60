// Programs that tests use and do not install: `make test-tools` does.
import { spawnSync } from "node:child_process";

/** For a test's `skip`: false, or the reason. */
export function without(...tools: readonly string[]): string | false {
  const missing = tools.filter(
    (tool) => spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`]).status !== 0,
  );
  return missing.length > 0 && `${missing.join(", ")} not found; run: make -C provision test-tools`;
}
