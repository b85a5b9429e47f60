// What Ansible reads from the rendered files, compared with golden files; GOLDEN=write writes these again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type InventoryHost, type Passwords, renderInventory } from "../inventory.ts";
import { checkSettings, type WrittenSettings } from "../settings.ts";
import { renderValidation } from "../validation.ts";
import { NEEDED, NOW } from "./graph.ts";
import { without } from "./tools.ts";

const skip = without("ansible-inventory");
const FRONTEND: InventoryHost = { name: "fe", publicIp: "192.0.2.10", privateIp: "10.16.0.10" };
const PASSWORDS: Passwords = { one: "example-one", db: "example-db" };

const CASES: readonly { readonly name: string; readonly workers: number; readonly written: WrittenSettings }[] = [
  { name: "no-worker", workers: 0, written: {} },
  { name: "two-workers", workers: 2, written: {} },
  {
    name: "evpn",
    workers: 1,
    written: {
      evpn: "true",
      vxlanSubnet: "10.64.0.0/16",
      vxlanFirst: "10.64.1.0",
      vxlanSize: "1024",
      vxlanVlanId: "77",
    },
  },
];

for (const { name, workers, written } of CASES) {
  test(`Ansible reads the inventory ${name} as expected`, { skip }, () => {
    const listed = listInventory(inventory(written, workers));
    const file = new URL(`fixtures/inventory-${name}.json`, import.meta.url);
    if (process.env.GOLDEN === "write") writeFileSync(file, `${JSON.stringify(listed, undefined, 2)}\n`);
    assert.deepEqual(listed, JSON.parse(readFileSync(file, "utf8")));
  });
}

test("every host has the variables of one-deploy, even the tenth worker", { skip }, () => {
  const { node, _meta } = listInventory(inventory({}, 10));
  assert.deepEqual(node.hosts, [
    "fe",
    ...Array.from({ length: 10 }, (_, index) => `host${String(index + 1).padStart(2, "0")}`),
  ]);
  assert.equal(_meta.hostvars.host10.ansible_host, "10.16.0.20");
  assert.equal(_meta.hostvars.host10.one_version, "7.0");
});

describe("a password arrives as it was set", () => {
  const passwords = [
    "  spaces  on both sides  ",
    `$HOME $(id) \`id\` \${x} $$`,
    "{{ lookup('env', 'HOME') }} {% raw %} {# c #}",
    "#no comment: yes, - [a] {b} & * ! | > %",
    "0123",
    "yes",
    "1e3",
    "null",
    "пароль-密码-🔑",
  ];
  for (const password of passwords) {
    test(JSON.stringify(password), { skip }, () => {
      const vars = listInventory(inventory({}, 0, { one: password, db: `${password}!` }))._meta.hostvars.fe;
      assert.equal(plain(vars.one_pass), password);
      assert.equal(plain(vars.db_password), `${password}!`);
    });
  }
});

test("Ansible gives the password to a task unchanged, without taking it for a template", {
  skip: without("ansible"),
}, () => {
  const password = "a#b $HOME {{ 1 + 1 }} d";
  const file = inFile(inventory({}, 0, { one: password, db: "x" }));
  try {
    const args = ["-i", file, "fe", "-c", "local", "-m", "debug", "-a", "var=one_pass", "-o"];
    const { stdout } = spawnSync("ansible", args, { encoding: "utf8", env: ansibleEnvironment() });
    assert.ok(stdout.includes(JSON.stringify(password)), stdout);
  } finally {
    rmSync(join(file, ".."), { recursive: true });
  }
});

test("the group_vars of the validation are found beside the inventory", { skip }, () => {
  const { validation } = listInventory(inventory({}, 0), renderValidation(checkSettings(NEEDED, NOW)))._meta.hostvars
    .fe;
  assert.equal(validation.test_vm.vnet_name, "public");
  assert.equal(validation.test_vm.create_vnet, false);
  assert.equal(validation.conn_matrix.market_name, "Alpine Linux 3.21");
  assert.equal(validation.conn_matrix.bridge_name, "vmtovm0");
  assert.equal(validation.networks_verification, false);
  assert.equal(validation.run_network_benchmark, true);
  // Without it the VM has no network, and the next tests no way in.
  assert.match(plain(validation.test_vm.vm.template_extra), /CONTEXT=\[\n {2}NETWORK="YES",/);
  assert.match(plain(validation.test_vm.vm.template_extra), /SSH_PUBLIC_KEY="\$USER\[SSH_PUBLIC_KEY\]"/);
});

test("without two public addresses the validation boots no VM on the public network", { skip }, () => {
  const { validation } = listInventory(
    inventory({}, 0),
    renderValidation(checkSettings({ ...NEEDED, publicAddressCount: "1" }, NOW)),
  )._meta.hostvars.fe;
  assert.equal(validation.run_test_vm, false);
  assert.equal(validation.run_storage_benchmark, false);
});

function inventory(written: WrittenSettings, workers: number, passwords: Passwords = PASSWORDS): string {
  const hosts = Array.from({ length: workers }, (_, index) => ({
    name: `host${String(index + 1).padStart(2, "0")}`,
    publicIp: `192.0.2.${11 + index}`,
    privateIp: `10.16.0.${11 + index}`,
  }));
  return renderInventory(checkSettings({ ...NEEDED, ...written }, NOW), [FRONTEND, ...hosts], passwords);
}

/** Ansible marks a text that it must not take for a template. */
function plain(value: unknown): string {
  return String(typeof value === "object" && value !== null ? Reflect.get(value, "__ansible_unsafe") : value);
}

function listInventory(text: string, groupVars?: string) {
  const file = inFile(text, groupVars);
  try {
    const args = ["-i", file, "--list"];
    const { stdout, stderr, status } = spawnSync("ansible-inventory", args, {
      encoding: "utf8",
      env: ansibleEnvironment(),
    });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  } finally {
    rmSync(join(file, ".."), { recursive: true });
  }
}

function inFile(text: string, groupVars?: string): string {
  const folder = mkdtempSync(join(tmpdir(), "inventory-"));
  writeFileSync(join(folder, "hosts.yml"), text, { mode: 0o600 });
  if (groupVars !== undefined) {
    mkdirSync(join(folder, "group_vars"));
    writeFileSync(join(folder, "group_vars/all.yml"), groupVars);
  }
  return join(folder, "hosts.yml");
}

/** Without this, Ansible answers 0 for a file that it cannot parse. */
function ansibleEnvironment() {
  return { ...process.env, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: "1", ANSIBLE_LOCALHOST_WARNING: "0" };
}
