// The systemd timers that the package brings, and what one of them writes.

/** Off until `install --timer`. */
export const TIMERS = ["scw-flexip-reconcile.timer", "scw-flexip-metrics.timer"] as const;

/** For node_exporter's textfile collector. The service's StateDirectory: oneadmin writes it, everybody reads it. */
export const METRICS_FILE = "/var/lib/scw-flexip/scw-flexip.prom";
