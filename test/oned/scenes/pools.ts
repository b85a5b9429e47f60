// Elastic networks: guests come and go in waves, and scw-flexip pool keeps free ranges ready for the next ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ElasticNetwork, idsIn, MAX, pool, SPARE } from "../elastic.ts";
import { scenes } from "../stage.ts";
import { until } from "../until.ts";

// Attaches and detaches take long enough for a pool run to come in between.
scenes("elastic networks", { settle: { recorded: 0.03 } }, (cloud) => {
  test("30 guests come and go in waves: 2 free ranges, at most 20 paid, and no guest loses its address", async () => {
    const network = await cloud().addNetwork("elastic");
    const elastic = new ElasticNetwork(cloud(), network);
    const watch = elastic.watch();
    await elastic.fill(0);
    const early = await elastic.arrive(4);
    watch.guests = early;
    await elastic.isLeftAsItIs();
    const first = [...early, ...(await elastic.rush(6))];
    watch.guests = first;
    const second = await elastic.rush(10);
    watch.guests = [...first, ...second];
    assert.equal(cloud().paid(), MAX);
    const refused = await cloud().oned.try(["onevm", "create", "--hold", cloud().vmFile([network])]);
    assert.notEqual(refused.code, 0, "the maximum is reached, and all addresses are taken");

    watch.guests = second.slice(5);
    await elastic.leave([...first, ...second.slice(0, 5)]);
    await elastic.fill(5);
    assert.equal(cloud().paid(), 5 + SPARE);
    const third = await elastic.rush(10);
    watch.guests = [...second.slice(5), ...third];
    assert.equal(cloud().paid(), 15 + SPARE);

    watch.guests = [];
    await elastic.leave([...second.slice(5), ...third]);
    await elastic.fill(0);
    assert.equal(cloud().paid(), SPARE);
    await elastic.isLeftAsItIs();
    assert.deepEqual(watch.end(), { mostPaid: MAX, lost: [] });
  });

  test("what a VM on hold or a hold has is never given back, nor what a VM takes meanwhile", async () => {
    const paid = cloud().paid();
    const network = await cloud().addNetwork("taken");
    const grow = () => pool(cloud(), network.name, "--spare", "4", "--max", "6");
    const shrink = () => pool(cloud(), network.name, "--spare", "0", "--max", "6", "--shrink-after", "0m");
    assert.equal((await grow()).code, 0);
    const waiting = await cloud().createVm([network]);
    const held = (await cloud().ranges(network)).at(-1)?.text("IP") ?? "";
    await cloud().oned.run("onevnet", "hold", network.name, held);
    assert.equal((await grow()).code, 0);
    assert.equal(cloud().paid(), paid + 6);

    const shrinking = shrink();
    await until("a range was given back", () => cloud().paid() < paid + 6 || undefined);
    const words = ["create", "--hold", "--multiple", "2", cloud().vmFile([network])];
    const late = idsIn(await cloud().oned.run("onevm", ...words));
    const { code, stdout, stderr } = await shrinking;
    assert.equal(code, 0, stdout + stderr);
    const leases = await cloud().leases(network);
    const holders = ["hold", ...[waiting.id, ...late].map((id) => `vm ${id}`)];
    assert.deepEqual(Object.values(leases).sort(), holders.sort(), stdout + stderr);
    assert.equal((await shrink()).code, 0);
    assert.deepEqual(await cloud().leases(network), leases);
    for (const address of Object.keys(leases)) assert.equal(cloud().whereIs(address), "free", "paid for, and free");
    assert.equal(cloud().paid(), paid + holders.length);
  });

  test("networks that declare what they want are filled without being named, and others are left alone", async () => {
    const declared = await cloud().addNetwork("declared", declaration("1", "2"));
    const other = await cloud().addNetwork("undeclared");
    await cloud().addRange(other);
    const paid = cloud().paid();
    const sizes = async () => [(await cloud().ranges(declared)).length, (await cloud().ranges(other)).length];
    const first = await pool(cloud());
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual([await sizes(), cloud().paid()], [[1, 1], paid + 1]);
    const one = await cloud().createVm([declared]);
    assert.equal((await pool(cloud())).code, 0);
    const another = await cloud().createVm([declared]);
    const full = await pool(cloud());
    assert.equal(full.code, 3, full.stderr);
    assert.match(full.stderr, /declared: 1 more are wanted, but 2 is the maximum/);
    assert.deepEqual([await sizes(), cloud().paid()], [[2, 1], paid + 2]);

    for (const vm of [one, another]) await vm.terminate();
    await cloud().oned.run("onevnet", "update", declared.name, cloud().file(declaration("0", "2")), "--append");
    const last = await pool(cloud());
    assert.equal(last.code, 0, last.stderr);
    assert.deepEqual([await sizes(), cloud().paid()], [[0, 1], paid]);
  });
});

function declaration(spare: string, max: string) {
  return [
    ["SCW_FLEXIP_SPARE", spare],
    ["SCW_FLEXIP_MAX", max],
    ["SCW_FLEXIP_SHRINK_AFTER", "0m"],
  ] as const;
}
