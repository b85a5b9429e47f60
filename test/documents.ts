// Documents in the shape of oned's input, and answers in the shape that oned reads. Shapes as recorded from a running
// oned 7.0.0; ids and addresses invented.

export type Fields = Readonly<Record<string, string | undefined>>;

/** What oned sends to an IPAM action. Empty `address`: register and unregister. */
export function ipamDocument(range: Fields, address: Fields = {}): string {
  const lease = Object.keys(address).length > 0 ? elements(address) : "<MAC/><IP/><IP6_GLOBAL/><IP6_ULA/><IP6/><SIZE/>";
  return `<IPAM_DRIVER_ACTION_DATA><AR>${elements(range)}</AR><ADDRESS>${lease}</ADDRESS></IPAM_DRIVER_ACTION_DATA>`;
}

export type NicFields = Fields & { readonly alias?: "YES" };

export type VmOptions = {
  readonly id?: string;
  /** Empty before the VM has run for the first time. */
  readonly deployId?: string;
  /** The host that the VM is on, or is going to. */
  readonly host?: string;
  readonly userTemplate?: string;
  /** PCI elements. */
  readonly pci?: string;
};

/** What the network driver sends to a hook: one TEMPLATE element for each NIC, beside CONTEXT with a password. */
export function vmDocument(nics: readonly NicFields[], options: VmOptions = {}): string {
  const { id = "42", deployId = `one-${id}`, host, userTemplate = "", pci = "" } = options;
  const history =
    host === undefined ? "" : `<HISTORY_RECORDS><HISTORY><HOSTNAME>${host}</HOSTNAME></HISTORY></HISTORY_RECORDS>`;
  const templates = nics.map(({ alias, ...nic }) => {
    const name = alias === "YES" ? "NIC_ALIAS" : "NIC";
    return `<TEMPLATE><${name}>${elements(nic)}</${name}></TEMPLATE>`;
  });
  return `<VM><ID>${id}</ID><DEPLOY_ID>${deployId}</DEPLOY_ID><TEMPLATE><CONTEXT><ROOTPW><![CDATA[${PASSWORD}]]></ROOTPW></CONTEXT></TEMPLATE><USER_TEMPLATE>${userTemplate}</USER_TEMPLATE>${history}<TEMPLATE>${pci}</TEMPLATE>${templates.join("")}</VM>`;
}

/** The guest's password in every VM document; it must not be found anywhere else. */
export const PASSWORD = "planted-guest-password";

/** The attributes in an answer: `AR = [ KEY = "value", … ]`. Throws when it is not of that form. */
export function readTemplate(text: string, name: string): Map<string, string> {
  const inside = new RegExp(`^${name} = \\[\\n([^]*)\\n\\]\\n$`).exec(text)?.[1];
  if (inside === undefined) throw new Error(`no ${name} = [ … ] in: ${text}`);
  return new Map(
    inside.split(",\n").map((line) => {
      const match = /^ {2}([A-Za-z0-9_]+) = "([^"]*)"$/.exec(line);
      if (match?.[1] === undefined || match[2] === undefined) throw new Error(`no KEY = "value": ${line}`);
      return [match[1], match[2]];
    }),
  );
}

/** The range as oned sends it in later actions: what register answered, and oned's own attributes. */
export function rangeOf(answer: ReadonlyMap<string, string>): Record<string, string> {
  return {
    AR_ID: "0",
    ...Object.fromEntries(answer),
    MAC_END: answer.get("MAC") ?? "",
    IP_END: answer.get("IP") ?? "",
    USED_LEASES: "0",
  };
}

function elements(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join("");
}
