// The one loop that tries again.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Deadline } from "../../driver/deadline.ts";
import { ApiError, RefusedError } from "../../driver/errors.ts";
import type { Log } from "../../driver/log.ts";
import { AGAIN, type Effort, insist, pauseMs } from "../../driver/scaleway/retry.ts";

type Outcome = string | typeof AGAIN | Error;

const passing = new ApiError("attach it: 503", "try again", { status: 503 });
const final = new ApiError("attach it: 400", "check the address range", { status: 400 });

const deadlines: Deadline[] = [];
after(() => {
  for (const deadline of deadlines) deadline.clear();
});

suite("insist", { concurrency: true }, () => {
  test("tries again what is not done yet and what may pass, until there is a result", async () => {
    const outcomes: Outcome[] = [AGAIN, passing, AGAIN, "done"];
    assert.equal(await insist(effort(), () => next(outcomes)), "done");
    assert.deepEqual(outcomes, []);
  });

  test("looks after a failed attempt, and does not repeat what was acted on all the same", async () => {
    const outcomes: Outcome[] = [passing, passing, "never"];
    const looks: Outcome[] = [AGAIN, "found"];
    assert.equal(
      await insist(
        effort(),
        () => next(outcomes),
        () => next(looks),
      ),
      "found",
    );
    assert.deepEqual(outcomes, ["never"]);
  });

  for (const failure of [final, new RefusedError("it is locked")]) {
    test(`throws at once what will not pass: ${failure.name}`, async () => {
      const outcomes: Outcome[] = [failure, "never"];
      await assert.rejects(
        insist(effort(), () => next(outcomes)),
        (error) => error === failure,
      );
      assert.deepEqual(outcomes, ["never"]);
    });
  }

  test("is ended by the deadline, which gives the last failure as the reason", async () => {
    const outcomes: Outcome[] = [passing, ...Array.from({ length: 99 }, (): Outcome => AGAIN)];
    await assert.rejects(
      insist(effort(500), () => next(outcomes)),
      /the test was not done within 0.5 s, last: attach it: 503; try again/,
    );
  });
});

test("a pause grows with the tries, up to a limit, and is never shorter than the API asks", () => {
  for (const [count, asked, shortest, longest] of [
    [1, undefined, 100, 200],
    [5, undefined, 1_600, 3_200],
    [6, undefined, 2_500, 5_000],
    [2_000, 0, 2_500, 5_000],
    [1, 150, 150, 200],
    [6, 60_000, 60_000, 60_000],
  ] as const) {
    assert.equal(pauseMs(count, asked, { random: () => 0 }), shortest);
    assert.equal(pauseMs(count, asked, { random: () => 1 }), longest);
  }
});

function effort(limitMs = 30_000): Effort {
  const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, withSecret: () => silent };
  const deadline = new Deadline(limitMs, "the test was");
  deadlines.push(deadline);
  return { deadline, log: silent, machine: { random: () => 0 } };
}

async function next(outcomes: Outcome[]): Promise<string | typeof AGAIN> {
  const outcome = outcomes.shift();
  if (outcome === undefined) throw new Error("tried too often");
  if (outcome instanceof Error) throw outcome;
  return outcome;
}
