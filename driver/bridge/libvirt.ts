// Asks libvirt about a guest.

const TIMEOUT_MS = 5_000;
const RUNNING = new Set(["running", "idle", "paused", "in shutdown", "pmsuspended"]);

/** Whether the domain runs on this host; false too where libvirt is absent or does not answer. */
export function runsHere(domain: string, path = "/usr/local/bin:/usr/bin:/bin"): Promise<boolean> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(domain)) return Promise.resolve(false);
  // Loaded here: only clean asks, and all hooks would wait for it.
  const { execFile } = process.getBuiltinModule("node:child_process");
  return new Promise((resolve) => {
    execFile(
      "virsh",
      ["--connect", "qemu:///system", "--readonly", "domstate", domain],
      { timeout: TIMEOUT_MS, killSignal: "SIGKILL", env: { PATH: path, LC_ALL: "C" } },
      (error, stdout) => resolve(error === null && RUNNING.has(stdout.trim())),
    );
  });
}
