import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Deadline } from "../driver/deadline.ts";
import { DeadlineError } from "../driver/errors.ts";

const HOUR_MS = 3_600_000;

suite("Deadline", () => {
  test("ends all waiting when the time is up", async () => {
    const deadline = new Deadline(20, "the work was");
    const { name } = new DeadlineError("");
    await assert.rejects(deadline.sleep(HOUR_MS), { name, message: "the work was not done within 0 s" });
    assert.ok(deadline.signal.aborted);
    assert.equal(deadline.remainingMs(), 0);
    assert.throws(() => deadline.throwIfOver(), DeadlineError);
    await assert.rejects(deadline.sleep(0), DeadlineError);
  });

  test("gives its limit in seconds, and the last failure as the reason", async () => {
    const deadline = new Deadline(149, "the work was");
    deadline.blame({ reason: "first", move: "do this" });
    deadline.blame({ reason: "second", move: "do that" });
    const message = "the work was not done within 0.1 s, last: second; do that";
    await assert.rejects(deadline.sleep(HOUR_MS), { message });
  });

  test("ends at once when it is aborted, for that reason and no later one", async () => {
    const deadline = new Deadline(HOUR_MS, "the work was");
    const waiting = deadline.sleep(HOUR_MS);
    const reason = new DeadlineError("stopped by SIGTERM");
    deadline.abort(reason);
    deadline.abort(new DeadlineError("stopped by SIGINT"));
    await assert.rejects(waiting, (error) => error === reason);
    assert.throws(
      () => deadline.throwIfOver(),
      (error) => error === reason,
    );
    deadline.clear();
  });

  test("lets go on while there is time, and does not end once it is cleared", async () => {
    const deadline = new Deadline(1_000, "the work was");
    assert.ok(deadline.remainingMs() > 0 && deadline.remainingMs() <= 1_000);
    deadline.clear();
    await deadline.sleep(1_100);
    deadline.throwIfOver();
  });
});
