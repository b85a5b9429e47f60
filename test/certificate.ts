// A certificate that nobody signed, for a server on 127.0.0.1.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Undefined where it can be made; else why not. */
export const noCertificate =
  spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0 ? undefined : "openssl is not there";

/** Makes one in that folder. `certFile` is for those who trust it. */
export function selfSigned(folder: string): { key: string; cert: string; certFile: string } {
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...kind, "-keyout", keyFile, "-out", certFile, ...subject], { stdio: "ignore" });
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8"), certFile };
}
