// group_vars/all.yml for one-deploy-validation. Pure.
import { PUBLIC_NETWORK, toYaml } from "./inventory.ts";
import type { Settings } from "./settings.ts";

const APPLIANCE = "Alpine Linux 3.21";

const CONTEXT = `MEMORY="512"
CONTEXT=[
  NETWORK="YES",
  REPORT_READY="YES",
  SSH_PUBLIC_KEY="$USER[SSH_PUBLIC_KEY]",
  TOKEN="YES"
]
`;

const SERVICES = [
  { name: "opennebula.service", desc: "OpenNebula core (oned)" },
  { name: "opennebula-gate.service", desc: "OpenNebula gate" },
  { name: "opennebula-flow.service", desc: "OpenNebula flow" },
  { name: "opennebula-fireedge.service", desc: "OpenNebula Fireedge GUI" },
];

/** What make validation tries on the finished cloud. */
export function renderValidation({ publicAddressCount }: Settings): string {
  // The test VM gets a second NIC, so it needs two addresses.
  const hasPublicNetwork = publicAddressCount >= 2;
  const validation = {
    run_core_services: true,
    core_services: { service_list: SERVICES, check_fireedge_ui: true },
    // Off, because it boots a VM in every network and expects the Internet behind each; vxlan has none.
    networks_verification: false,
    run_one_flow: false,
    run_test_vm: hasPublicNetwork,
    test_vm: {
      create_vnet: false,
      vnet_name: PUBLIC_NETWORK,
      vnet: { name: PUBLIC_NETWORK },
      vm: { check_connection: true, market_name: APPLIANCE, template_extra: CONTEXT },
    },
    run_storage_benchmark: hasPublicNetwork,
    storage_benchmark: { vnet_name: PUBLIC_NETWORK },
    run_network_benchmark: true,
    network_benchmark: { iperf_port: 5201, iperf_test_time: 10 },
    run_conn_matrix: true,
    conn_matrix: { bridge_name: "vmtovm0", vnet_name: "vxlan", ping_count: 10, market_name: APPLIANCE },
    run_vm_ha: false,
    run_fe_ha: false,
    run_ldap_auth: false,
    run_federation: false,
  };
  return toYaml({ validation });
}
