// Runs test files one after the other until one of them fails.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Tree } from "./trees.ts";

// Of a file whose own time is not known yet, and of one that takes no time.
const FIRST_LIMIT_MS = 300_000;
const SHORTEST_LIMIT_MS = 30_000;
// After this much time no further file is asked about a mutant.
const BUDGET_MS = 150_000;
const HISTORIES = "60";

export type Change = { readonly change: () => void; readonly restore: () => void };

export class TestFiles {
  readonly #work: string;
  readonly #tree: Tree;
  // The time that a file takes where it passes.
  readonly #ms = new Map<string, number>();
  readonly #files: string[];

  constructor(work: string, tree: Tree) {
    this.#work = work;
    this.#tree = tree;
    this.#files = globSync([...tree.tests], { cwd: work }).filter((file) => !tree.untried.test(file));
  }

  /** What notices the change in `source`. A file that fails without the change too is asked about nothing any more. */
  async firstToFail(source: string, { change, restore }: Change): Promise<string | undefined> {
    const end = performance.now() + BUDGET_MS;
    for (const file of this.#inOrder(source)) {
      if (performance.now() > end) return undefined;
      // Twice: on a busy machine a test may fail by accident.
      const failed = (await this.#run(file)) && (await this.#run(file));
      if (failed === undefined) continue;
      if (this.#ms.has(file)) return `${file}: ${failed}`;
      restore();
      const failedBefore = await this.#run(file);
      change();
      if (failedBefore === undefined) return `${file}: ${failed}`;
      process.stderr.write(`${file} fails without any change: ${failedBefore}\n`);
      this.#files.splice(this.#files.indexOf(file), 1);
    }
    return undefined;
  }

  /** Those whose name is near the source's first, then the fast ones. */
  #inOrder(source: string): string[] {
    const words = wordsOf(source);
    const near = (file: string): number => wordsOf(file).filter((word) => words.includes(word)).length;
    // Until its time is known, a long file counts as a slow one.
    const ms = (file: string): number => this.#ms.get(file) ?? statSync(join(this.#work, file)).size;
    return this.#files.toSorted((a, b) => near(b) - near(a) || ms(a) - ms(b));
  }

  async #run(file: string): Promise<string | undefined> {
    const known = this.#ms.get(file);
    const limit = known === undefined ? FIRST_LIMIT_MS : Math.max(SHORTEST_LIMIT_MS, 5 * known);
    const start = performance.now();
    const { folder } = this.#tree;
    const failed = await firstFailure(join(this.#work, folder), relative(folder, file), limit);
    if (failed === undefined) this.#ms.set(file, performance.now() - start);
    return failed;
  }
}

// A test that is killed leaves nothing behind: its hosts' networks and its processes end with their namespaces.
const ENTER = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && exec "$@"';
const APART =
  process.getuid?.() === 0
    ? ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", ENTER, "sh"]
    : [];

/** Runs one file up to its first failure. Resolves with the name of what failed; undefined: all passed. */
async function firstFailure(folder: string, file: string, limit: number): Promise<string | undefined> {
  const words = [...APART, process.execPath, "--test-reporter=tap", "--test-force-exit", file];
  const child = spawn(words[0] ?? "", words.slice(1), {
    cwd: folder,
    env: { ...process.env, RUNS: HISTORIES, SEED: "20261121" },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const closed = once(child, "close");
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // All of them have ended.
    }
  };
  process.once("exit", end);
  const timer = setTimeout(end, limit);
  let failed: string | undefined;
  for await (const line of createInterface(child.stdout)) {
    failed ??= /^ *not ok \d+ - (.*)$/.exec(line)?.[1];
    if (failed !== undefined) end();
  }
  const [code, signal] = await closed;
  clearTimeout(timer);
  process.off("exit", end);
  end();
  if (failed !== undefined || code === 0) return failed;
  return signal === "SIGKILL" ? "takes too long" : `ends with ${code ?? signal}`;
}

function wordsOf(path: string): string[] {
  return path
    .replace(/(\.test)?\.ts$/, "")
    .split("/")
    .filter((word) => !["driver", "provision", "test"].includes(word));
}
