// Entry point for Pulumi: the projects and the bucket that everything else needs.
import * as pulumi from "@pulumi/pulumi";
import { declareState } from "./state.ts";

const config = new pulumi.Config();
const state = declareState({
  namePrefix: config.get("namePrefix") ?? "opennebula",
  organizationId: new pulumi.Config("scaleway").require("organizationId"),
  region: config.get("region") ?? "fr-par",
});

/** For the setting projectId of the cloud. */
export const projectId = state.projectId;
/** For the login: object storage acts in the project that the access key names, so the login must name this one. */
export const stateProjectId = state.stateProjectId;
/** For pulumi login. */
export const backend = state.backend;
/** For the settings backupProjectId and backupBucket of the cloud. */
export const backupProjectId = state.backupProjectId;
export const backupBucket = state.backupBucket;
