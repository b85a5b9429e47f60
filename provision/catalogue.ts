// Names of the Scaleway catalogue → the ids that an order needs.
import * as pulumi from "@pulumi/pulumi";
import * as scw from "@pulumiverse/scaleway";
import type { Settings } from "./settings.ts";

const PRIVATE_NETWORK_OPTION = "Private Network";
const ENDS_IN_UUID = /(^|\/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What every server of the cloud is ordered with. */
export type Catalogue = {
  readonly offerId: pulumi.Output<string>;
  readonly osId: pulumi.Output<string>;
  readonly privateNetworkOptionId: pulumi.Output<string>;
};

/** Looks up offer, image and option. An offer no longer sold is found too: servers of it go on running. */
export function lookUpCatalogue(settings: Settings): Catalogue {
  const { zone, offer, subscriptionPeriod, osName, osVersion } = settings;
  const found = {
    offer: scw.elasticmetal.getOfferOutput({ zone, name: offer, subscriptionPeriod, includeDisabled: true }),
    os: scw.elasticmetal.getOsOutput({ zone, name: osName, version: osVersion }),
    option: scw.elasticmetal.getOptionOutput({ zone, name: PRIVATE_NETWORK_OPTION }),
  };
  return {
    offerId: found.offer.apply(({ offerId }) =>
      catalogueId(offerId, `offer ${offer} (${subscriptionPeriod})`, zone, "offer"),
    ),
    osId: found.os.apply(({ osId }) => catalogueId(osId, `image ${osName} ${osVersion}`, zone, "osName or osVersion")),
    privateNetworkOptionId: found.option.apply(({ optionId }) =>
      catalogueId(optionId, `option ${PRIVATE_NETWORK_OPTION}`, zone, "scaleway:zone"),
    ),
  };
}

/** Checks an id: the provider answers an unknown image or option with one that holds no UUID, not with an error. */
export function catalogueId(id: string | undefined, what: string, zone: string, setting: string): string {
  if (id !== undefined && ENDS_IN_UUID.test(id)) return id;
  throw new pulumi.RunError(
    `${what} does not exist in zone ${zone}; change the setting ${setting} (make preflight lists what there is)`,
  );
}
