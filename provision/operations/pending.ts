// Before make up: refuses while an interrupted order may have left a server that is paid for but not in the state.
import { runOperation } from "./operation.ts";
import { parseStack, pulumi } from "./stack.ts";

await runOperation(async () => {
  const { interrupted } = parseStack(pulumi("stack", "export"));
  if (interrupted.length === 0) return;
  throw new Error(
    `the order of ${interrupted.join(", ")} was interrupted: the server may exist, and make up would order another one; ` +
      "look in the console, and see Interrupted in docs/deploy.md",
  );
});
