// What all files of scenes begin and end with.
import { after, afterEach, before, suite } from "node:test";
import { Cloud, type CloudOptions } from "./cloud.ts";

/** A suite on a cloud of its own. The scenes get at the cloud through the function that they are given. */
export function scenes(name: string, options: CloudOptions, play: (cloud: () => Cloud) => void): void {
  suite(name, () => {
    let cloud: Cloud | undefined;
    before(async () => {
      cloud = await Cloud.start(options);
    });
    afterEach(() => cloud?.calm());
    after(() => cloud?.stop());
    play(() => {
      if (cloud === undefined) throw new Error("the cloud did not start");
      return cloud;
    });
  });
}
