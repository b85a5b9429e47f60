// What a person may ask of the executable; oned and the network driver use the actions.
const HELP = `scw-flexip: OpenNebula's addresses from Scaleway Flexible IPs

Usage:
  scw-flexip ACTION [REQUEST_ID] < document    run by OpenNebula, see below
  scw-flexip --version                         print the version
  scw-flexip --help                            print this text

IPAM actions, which oned runs on the front-end with base64 of IPAM_DRIVER_ACTION_DATA on standard input:
  register_address_range    obtain a flexible IP and its virtual MAC, print the address range
  unregister_address_range  give back what the range holds
  get_address               check the range's address, print it
  allocate_address          check the range's address
  free_address              detach what is left attached

Hooks, which the bridge network driver runs on the host with base64 of the VM's XML on standard input:
  pre                       attach what is free to this server
  post                      take over what is attached elsewhere
  clean                     detach what is attached to this server

Settings: etc/ipam/scw-flexip/scw-flexip.conf in the remotes tree, or the file that SCW_FLEXIP_CONF names;
a variable SCW_FLEXIP_<KEY> overrides a key.
Exit code: 0 done; 1 failed, with one line on standard error; 2 wrong usage, or a fault of the program.
`;

/** Answers --version and --help; anything else is wrong usage. Returns the exit code. */
export function command(version: string, options: readonly string[]): number {
  const [option] = options;
  if (option === "--version" || option === "-V") process.stdout.write(`scw-flexip ${version}\n`);
  else if (option === "--help" || option === "-h") process.stdout.write(HELP);
  else {
    process.stderr.write(
      `scw-flexip: ${option === undefined ? "no action given" : "unknown action or option"}; see scw-flexip --help\n`,
    );
    return 2;
  }
  return 0;
}
