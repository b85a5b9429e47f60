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

/** Looks up offer, image and option, also what is no longer sold, because servers of it go on running. */
export function lookUpCatalogue(settings: Settings): Catalogue {
  const { zone, offer, subscriptionPeriod, osName, osVersion } = settings;
  const found = {
    offer: scw.elasticmetal.getOfferOutput({ zone, name: offer, subscriptionPeriod, includeDisabled: true }),
    os: scw.elasticmetal.getOsOutput({ zone, name: osName, version: osVersion }),
    option: scw.elasticmetal.getOptionOutput({ zone, name: PRIVATE_NETWORK_OPTION }),
  };
  const lookedUp = (id: string | undefined, what: string, setting: string) => {
    if (isId(id)) return id;
    throw new pulumi.RunError(absent(what, zone, setting));
  };
  return {
    offerId: found.offer.apply(({ offerId }) => lookedUp(offerId, `offer ${offer} (${subscriptionPeriod})`, "offer")),
    osId: found.os.apply(({ osId }) => imageId(osId, `image ${osName} ${osVersion}`, zone)),
    privateNetworkOptionId: found.option.apply(({ optionId }) =>
      lookedUp(optionId, `option ${PRIVATE_NETWORK_OPTION}`, "scaleway:zone"),
    ),
  };
}

/**
 * An image that left the catalogue must not stop a running cloud, because its servers keep their image. A new server is
 * refused: the provider takes only UUIDs, and quotes this sentence.
 */
function imageId(id: string | undefined, what: string, zone: string): string {
  if (isId(id)) return id;
  const sentence = absent(what, zone, "osName or osVersion");
  pulumi.log.warn(`${sentence}; existing servers keep their image; no new server can be ordered`);
  return sentence;
}

/** For an unknown image or option, the provider answers an id without a UUID, not an error. */
function isId(id: string | undefined): id is string {
  return id !== undefined && ENDS_IN_UUID.test(id);
}

function absent(what: string, zone: string, setting: string): string {
  return `${what} does not exist in zone ${zone}; change the setting ${setting} (make preflight lists what there is)`;
}
