// How our logs are rotated, in the manner of OpenNebula's own. Pure.
import { join } from "node:path";
import { type Layout, layoutOf } from "../layout.ts";

/** /etc/logrotate.d/scw-flexip, the same on front-ends and hosts. */
export function logrotateFile(layout: Layout): string {
  const inside = (path: string): string => path.slice(layout.root.length);
  const files = [
    join(inside(layout.logFolder), "scw-flexip.log"),
    ...["pre", "post", "clean"].map((hook) => join(inside(layout.hookLogFolder), `scw-flexip-${hook}.log`)),
  ];
  return `${files.join("\n")} {
    su oneadmin oneadmin
    weekly
    rotate 52
    dateext
    dateformat -%Y%m%d-%s
    copytruncate
    compress
    delaycompress
    missingok
    notifempty
}
`;
}

/** Whether nobody edited the text: it is what the package or `install` put there. */
export function isUnedited(text: string, layout: Layout): boolean {
  const packaged = layoutOf(layout.root || "/", undefined);
  return [layout, packaged].some((each) => text === logrotateFile(each));
}
