import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Deadline } from "../driver/deadline.ts";
import { DeadlineError } from "../driver/errors.ts";

const HOUR_MS = 3_600_000;

suite("Deadline", () => {
  test("ends all waiting when the time is up", async () => {
    const deadline = new Deadline(20, "the work was");
    await assert.rejects(deadline.sleep(HOUR_MS), sameAs(new DeadlineError("the work was not done within 0 s")));
    assert.ok(deadline.signal.aborted);
    assert.equal(deadline.remainingMs(), 0);
    assert.throws(() => deadline.throwIfOver(), DeadlineError);
    await assert.rejects(deadline.sleep(0), DeadlineError);
  });

  const limits = [
    { limitMs: 50, text: /not done within 0\.1 s$/ },
    { limitMs: 149, text: /not done within 0\.1 s$/ },
  ];
  for (const { limitMs, text } of limits) {
    test(`gives a limit of ${limitMs} ms in seconds`, async () => {
      await assert.rejects(new Deadline(limitMs, "it was").sleep(HOUR_MS), { message: text });
    });
  }

  test("gives the last failure as the reason", async () => {
    const deadline = new Deadline(20, "the work was");
    deadline.blame({ reason: "first", move: "do this" });
    deadline.blame({ reason: "second", move: "do that" });
    const message = "the work was not done within 0 s, last: second; do that";
    await assert.rejects(deadline.sleep(HOUR_MS), { message });
  });

  test("ends at once when it is aborted, for that reason and no later one", async () => {
    const deadline = new Deadline(HOUR_MS, "the work was");
    const waiting = deadline.sleep(HOUR_MS);
    const reason = new DeadlineError("stopped by SIGTERM");
    deadline.abort(reason);
    deadline.abort(new DeadlineError("stopped by SIGINT"));
    await assert.rejects(waiting, sameAs(reason));
    assert.throws(() => deadline.throwIfOver(), sameAs(reason));
    deadline.clear();
  });

  test("lets go on while there is time", async () => {
    const deadline = new Deadline(HOUR_MS, "the work was");
    deadline.throwIfOver();
    await deadline.sleep(1);
    assert.ok(deadline.remainingMs() > 0 && deadline.remainingMs() <= HOUR_MS);
    deadline.clear();
  });

  test("does not end once it is cleared", async () => {
    const deadline = new Deadline(10, "the work was");
    deadline.clear();
    await deadline.sleep(30);
    assert.ok(!deadline.signal.aborted);
  });
});

function sameAs(expected: DeadlineError): (error: unknown) => boolean {
  return (error) => error instanceof DeadlineError && error.message === expected.message;
}
