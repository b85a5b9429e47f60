// The one loop that tries again. More of what it does is in http.test.ts, bridge/ and ipam/.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../driver/errors.ts";
import { AGAIN, insist, pauseMs } from "../../driver/scaleway/retry.ts";
import { connect } from "./connected.ts";

test("the deadline ends the retries, and gives the last failure as the reason", async (t) => {
  let attempts = 0;
  const attempt = async (): Promise<typeof AGAIN> => {
    attempts += 1;
    if (attempts === 1) throw new ApiError("attach it: 503", "try again", { status: 503 });
    assert.ok(attempts < 99, "there are pauses");
    return AGAIN;
  };
  const { effort, time } = connect(t, "http://127.0.0.1", { limitMs: 500 });
  const reason = /the test was not done within 0.5 s, last: attach it: 503; try again/;
  await assert.rejects(time.during(insist(effort, attempt)), reason);
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
