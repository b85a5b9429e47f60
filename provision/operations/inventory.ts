// make inventory: the stack's outputs on standard input → files for Ansible that only their owner can read.
import { rmSync } from "node:fs";
import { toYaml } from "../inventory.ts";
import { shellQuoted, sshOptions } from "../remote/ssh.ts";
import { cloudFolder, runOperation, say, sshSettings } from "./operation.ts";
import { inventoryOutputs, readOutputs } from "./outputs.ts";
import { writePrivateFile } from "./private-file.ts";

// Answers to what one-deploy-validation asks at a terminal.
const REPORT = `prompt_report_customer: hosted cloud
prompt_report_document_version: "1.0"
prompt_report_abstract: Validation after deployment
prompt_report_revision_comment: made by make validation
prompt_report_revision_version: "1.0"
`;

await runOperation(async () => {
  const { inventory, validation } = await readOutputs(inventoryOutputs);
  const folder = `${cloudFolder()}/inventory`;
  // 0.1.0 wrote this file, and Ansible reads either it or the folder beside it.
  rmSync(`${folder}/group_vars/all.yml`, { force: true });
  const files = {
    "hosts.yml": inventory,
    "group_vars/all/validation.yml": validation,
    "group_vars/all/ssh.yml": toYaml(sshVariables()),
    "report.yml": REPORT,
  };
  for (const [name, content] of Object.entries(files)) {
    const isChanged = writePrivateFile(`${folder}/${name}`, content);
    say(`${isChanged ? "written  " : "unchanged"} .cloud/inventory/${name}`);
  }
});

/** Ansible reaches hosts as the other targets do, and refuses a changed host key whatever the playbooks say. */
function sshVariables() {
  return {
    ansible_host_key_checking: true,
    // Ansible removes a quote at both ends, so the first word must have none.
    ansible_ssh_common_args: sshOptions(sshSettings())
      .map((word) => (/^[\w=-]+$/.test(word) ? word : shellQuoted(word)))
      .join(" "),
  };
}
