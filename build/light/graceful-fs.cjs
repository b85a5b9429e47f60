// In the place of graceful-fs for proper-lockfile, which makes one folder: no queue for thousands of open files, and no copy
// of all of node:fs, which would load its streams.
const fs = require("node:fs");

const NAMES = ["mkdir", "realpath", "stat", "rmdir", "utimes"];
module.exports = Object.fromEntries(NAMES.flatMap((name) => [name, `${name}Sync`]).map((name) => [name, fs[name]]));
