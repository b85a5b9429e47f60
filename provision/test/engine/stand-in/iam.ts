// Keys, applications, groups and policies, as /iam/v1alpha1 has them.
import { randomBytes, randomUUID } from "node:crypto";
import { type Document, documentsOf, listOf, textOf } from "./record.ts";
import { type Answer, changed, found, gone, listing, notFound, ok, type Route, removed, type World } from "./route.ts";

const IAM = "/iam/v1alpha1";
const MADE = { editable: true, deletable: true, managed: false } as const;

/** Everything that the driver's credentials are made of, and the operator's SSH key. */
export function iamRoutes(world: World): Route[] {
  return [
    ...["applications", "groups", "policies", "ssh-keys"].flatMap((kind) => common(world, kind)),
    ["POST", `${IAM}/ssh-keys`, ({ body }) => ok(addSshKey(world, body))],
    ["POST", `${IAM}/applications`, ({ body }) => ok(add(world, "applications", body, { nb_api_keys: 0 }))],
    ["POST", `${IAM}/groups`, ({ body }) => ok(add(world, "groups", body, { user_ids: [], application_ids: [] }))],
    ["PUT", `${IAM}/groups/:id/members`, ({ at, body }) => changed(world, "groups", "group", at.id ?? "", body)],
    ["POST", `${IAM}/policies`, ({ body }) => ok(addPolicy(world, body))],
    ["GET", `${IAM}/rules`, ({ query }) => listing("rules", rulesOf(world, query.get("policy_id") ?? ""))],
    ["PUT", `${IAM}/rules`, ({ body }) => listing("rules", setRules(world, textOf(body, "policy_id"), body))],
    ["POST", `${IAM}/api-keys`, ({ body }) => addApiKey(world, body)],
    ["GET", `${IAM}/api-keys`, () => listing("api_keys", world.store.list("api-keys"))],
    ["GET", `${IAM}/api-keys/:id`, ({ at }) => found(world, "api-keys", "access_key", at.id ?? "")],
    ["PATCH", `${IAM}/api-keys/:id`, ({ at, body }) => changed(world, "api-keys", "access_key", at.id ?? "", body)],
    ["DELETE", `${IAM}/api-keys/:id`, ({ at }) => removed(world, "api-keys", "access_key", at.id ?? "")],
    ["GET", `${IAM}/quota`, () => listing("quota", world.store.list("quota"))],
  ];
}

/** What the kinds have in common: list, read, change, delete. */
function common(world: World, kind: string): Route[] {
  const resource = kind === "policies" ? "policy" : kind.replace(/s$/, "").replace("-", "_");
  return [
    [
      "GET",
      `${IAM}/${kind}`,
      ({ query }) =>
        listing(kind.replace("-", "_"), world.store.list(kind, { organization_id: query.get("organization_id") })),
    ],
    ["GET", `${IAM}/${kind}/:id`, ({ at }) => found(world, kind, resource, at.id ?? "")],
    ["PATCH", `${IAM}/${kind}/:id`, ({ at, body }) => changed(world, kind, resource, at.id ?? "", body)],
    ["DELETE", `${IAM}/${kind}/:id`, ({ at }) => withRest(world, kind, at.id ?? "", resource)],
  ];
}

/** An application takes its keys with it, a policy its rules. */
function withRest(world: World, kind: string, id: string, resource: string): Answer {
  if (kind === "applications")
    for (const key of world.store.list("api-keys", { application_id: id }))
      world.store.kind("api-keys").delete(textOf(key, "access_key"));
  if (kind === "policies") for (const rule of rulesOf(world, id)) world.store.kind("rules").delete(textOf(rule, "id"));
  const answer = removed(world, kind, resource, id);
  return answer.status === 204 ? gone() : answer;
}

function add(world: World, kind: string, body: Document, more: Document): Document {
  return world.store.add(kind, {
    name: textOf(body, "name"),
    description: textOf(body, "description"),
    organization_id: textOf(body, "organization_id"),
    tags: listOf(body, "tags"),
    ...MADE,
    ...more,
  });
}

/** The comment behind the key is dropped, as recorded. */
function addSshKey(world: World, body: Document): Document {
  const project = world.store.kind("projects").get(textOf(body, "project_id"));
  return world.store.add("ssh-keys", {
    name: textOf(body, "name"),
    public_key: textOf(body, "public_key").split(" ").slice(0, 2).join(" "),
    project_id: textOf(body, "project_id"),
    organization_id: textOf(project, "organization_id"),
    fingerprint: "256 MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff (ssh-ed25519)",
    disabled: false,
  });
}

function addPolicy(world: World, body: Document): Document {
  const { group_id, application_id, user_id, no_principal } = body;
  const counts = { nb_rules: 0, nb_scopes: 0, nb_permission_sets: 0 };
  const policy = add(world, "policies", body, { ...counts, group_id, application_id, user_id, no_principal });
  setRules(world, textOf(policy, "id"), body);
  return policy;
}

function rulesOf(world: World, policyId: string): Document[] {
  return world.store.list("rules").filter((rule) => rule.policy_id === policyId);
}

function setRules(world: World, policyId: string, body: Document): Document[] {
  for (const rule of rulesOf(world, policyId)) world.store.kind("rules").delete(textOf(rule, "id"));
  return documentsOf(body, "rules").map((rule) =>
    world.store.add("rules", { permission_sets_scope_type: "projects", ...rule, policy_id: policyId }),
  );
}

/** The secret is answered here and never again. */
function addApiKey(world: World, body: Document): Answer {
  const { application_id } = body;
  if (typeof application_id === "string" && !world.store.kind("applications").has(application_id))
    return notFound("application", application_id);
  const document = world.store.add("api-keys", {
    access_key: `SCW${randomBytes(9).toString("hex").slice(0, 17).toUpperCase()}`,
    description: textOf(body, "description"),
    expires_at: body.expires_at ?? null,
    default_project_id: body.default_project_id ?? null,
    application_id,
    creation_ip: "192.0.2.200",
    ...MADE,
  });
  return ok({ ...document, secret_key: randomUUID() });
}
