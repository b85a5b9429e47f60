// Runs test files one after the other until one of them fails.
import { spawn } from "node:child_process";
import { relative } from "node:path";
import type { Tree } from "./trees.ts";

export type TestFile = { readonly path: string; readonly ms: number };

// Of a file that takes no time without a mutant.
const SHORTEST_LIMIT_MS = 30_000;
// A mutant's tests together.
const BUDGET_MS = 90_000;
const HISTORIES = "60";

/** The files that are asked about a change in `source`: those whose name is near it first, then the fast ones. */
export function inOrder(source: string, files: readonly TestFile[]): TestFile[] {
  const words = wordsOf(source);
  const near = ({ path }: TestFile): number => wordsOf(path).filter((word) => words.includes(word)).length;
  const ordered = files.toSorted((a, b) => near(b) - near(a) || a.ms - b.ms);
  return ordered.filter((_, index) => sum(ordered.slice(0, index)) < BUDGET_MS);
}

/** Runs one file up to its first failure. Resolves with the name of what failed; undefined: all passed. */
export function firstFailure(work: string, tree: Tree, { path, ms }: TestFile): Promise<string | undefined> {
  const file = relative(tree.folder, path);
  const child = spawn(process.execPath, [...tree.flags, "--test-reporter=tap", "--test-force-exit", file], {
    cwd: `${work}/${tree.folder}`,
    env: { ...process.env, RUNS: HISTORIES, SEED: "20261121" },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // All of them have ended.
    }
  };
  process.once("exit", end);
  return new Promise((resolve) => {
    let failed: string | undefined;
    const fail = (what: string): void => {
      failed ??= what;
      end();
    };
    const timer = setTimeout(() => fail("takes too long"), Math.max(SHORTEST_LIMIT_MS, 5 * ms));
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const what = /^ *not ok \d+ - (.*)$/m.exec(text)?.[1];
      if (what !== undefined) fail(what);
      text = text.slice(text.lastIndexOf("\n") + 1);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      end();
      resolve(failed ?? (code === 0 ? undefined : `ends with ${code}`));
    });
  });
}

function sum(files: readonly TestFile[]): number {
  return files.reduce((total, { ms }) => total + ms, 0);
}

function wordsOf(path: string): string[] {
  return path
    .replace(/(\.test)?\.ts$/, "")
    .split("/")
    .filter((word) => !["driver", "provision", "test"].includes(word));
}
