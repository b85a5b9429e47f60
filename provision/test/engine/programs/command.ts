// The plugin `command` as far as a stack of 0.1.0 needs it: its resources come, stay and go, and no command is run.
import * as provider from "@pulumi/pulumi/provider/index.js";

const VERSION = "1.2.1";

const plugin: provider.Provider = {
  version: VERSION,
  schema: JSON.stringify({ name: "command", version: VERSION }),
  check: async (_urn, _olds, news) => ({ inputs: news }),
  diff: async (_id, _urn, olds, news) => ({ changes: JSON.stringify(olds.triggers) !== JSON.stringify(news.triggers) }),
  create: async (urn, inputs) => ({ id: urn, outs: { ...inputs, stdout: "", stderr: "" } }),
  read: async (id, _urn, props) => ({ id, props }),
  update: async (_id, _urn, _olds, news) => ({ outs: { ...news, stdout: "", stderr: "" } }),
  delete: async () => {},
};

await provider.main(plugin, process.argv.slice(2));
