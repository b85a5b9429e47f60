// The real oned judges our model of it, which the hooks' tests, the histories, the faults and the demo play on: one
// script on both. Each step must bring the same calls, in the same order, with documents that say the same; afterwards
// the same VMs hold the addresses, and each address is at the same place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OnModel } from "../on-model.ts";
import { OnOpenNebula } from "../on-opennebula.ts";
import { SCRIPT } from "../script.ts";
import { scenes } from "../stage.ts";

scenes("our model of oned does as oned does", {}, (cloud) => {
  let model: OnModel;
  let opennebula: OnOpenNebula;
  before(async () => {
    model = await OnModel.start();
    opennebula = new OnOpenNebula(cloud());
  });
  after(() => model?.stop());

  for (const [index, [title, play]] of SCRIPT.entries()) {
    test(`step ${index + 1}: ${title}`, async () => {
      await play(model);
      const expected = model.calls();
      await play(opennebula);
      assert.deepEqual(await opennebula.calls(expected.length), expected);
      const addresses = await model.addresses();
      assert.deepEqual(await opennebula.addresses(addresses), addresses);
    });
  }
});
