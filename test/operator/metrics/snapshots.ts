// Metrics of a cloud in which everything that can be measured is there.
import type { Family } from "../../../driver/operator/metrics/family.ts";
import { familiesOf, type Snapshot } from "../../../driver/operator/metrics/snapshot.ts";
import { plan } from "../../../driver/operator/reconcile/plan.ts";
import { flexibleIp, NOW, range, SERVER, VM_HOLDER, view, vm } from "../reconcile/view.ts";

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const seen = view({
    flexibleIps: [flexibleIp({ serverId: SERVER.h1 })],
    ranges: [range({ holder: VM_HOLDER })],
    vms: [vm()],
  });
  return {
    version: "0.2.0",
    survey: { view: seen, steps: plan(seen), apiSeconds: 0.07 },
    findings: [
      { level: "ok", id: "version", role: "host", host: "h1", value: "0.2.0", why: "", cure: null },
      { level: "failure", id: "token", role: "host", host: "h1", value: null, why: "", cure: "" },
    ],
    calls: [{ action: "pre", count: 4, failed: 1 }],
    lastSuccess: NOW,
    priceMonth: 2.2,
    ...changes,
  };
}

export function everything(): Family[] {
  return familiesOf(snapshot());
}
