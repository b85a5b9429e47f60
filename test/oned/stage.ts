// What all files of scenes begin and end with.
import { after, type TestContext, test } from "node:test";

type Stage = {
  calm(): void;
  stop(): Promise<void>;
  /** What was logged, for a scene that fails. */
  story(): string;
};

/** For writing scenes on one stage, which the first begins. What a scene did to the API and the hosts is taken back after it. */
export function scenesOn<S extends Stage>(start: () => Promise<S>) {
  let started: Promise<S> | undefined;
  after(async () => (await started)?.stop());
  return (title: string, play: (stage: S, context: TestContext) => Promise<void>): void => {
    test(title, async (context) => {
      started ??= start();
      const stage = await started;
      try {
        await play(stage, context);
      } catch (error) {
        context.diagnostic(stage.story());
        throw error;
      } finally {
        stage.calm();
      }
    });
  };
}
