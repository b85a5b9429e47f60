// make inventory: the stack's outputs on standard input → files for Ansible that only their owner can read.
import { text } from "node:stream/consumers";
import { cloudFolder, runOperation, say } from "./operation.ts";
import { parseInventory } from "./outputs.ts";
import { writePrivateFile } from "./private-file.ts";

// What one-deploy-validation would ask for at a terminal.
const REPORT = `prompt_report_customer: hosted cloud
prompt_report_document_version: "1.0"
prompt_report_abstract: Validation after deployment
prompt_report_revision_comment: made by make validation
prompt_report_revision_version: "1.0"
`;

await runOperation(async () => {
  const { inventory, validation } = parseInventory(await text(process.stdin));
  const folder = `${cloudFolder()}/inventory`;
  const files = { "hosts.yml": inventory, "group_vars/all.yml": validation, "report.yml": REPORT };
  for (const [name, content] of Object.entries(files)) {
    const isChanged = writePrivateFile(`${folder}/${name}`, content);
    say(`${isChanged ? "written  " : "unchanged"} .cloud/inventory/${name}`);
  }
});
