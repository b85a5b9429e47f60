// Projects, as /account/v3 has them.
import { textOf } from "./record.ts";
import { changed, found, listing, ok, type Route, removed, type World } from "./route.ts";

const RESOURCE = "project_id";

/** Make, read, change and delete projects. */
export function accountRoutes(world: World): Route[] {
  return [
    [
      "POST",
      "/account/v3/projects",
      ({ body }) =>
        ok(
          world.store.add("projects", {
            name: textOf(body, "name"),
            description: textOf(body, "description"),
            organization_id: textOf(body, "organization_id"),
            qualification: null,
          }),
        ),
    ],
    [
      "GET",
      "/account/v3/projects",
      ({ query }) =>
        listing("projects", world.store.list("projects", { organization_id: query.get("organization_id") })),
    ],
    ["GET", "/account/v3/projects/:id", ({ at }) => found(world, "projects", RESOURCE, at.id ?? "")],
    ["PATCH", "/account/v3/projects/:id", ({ at, body }) => changed(world, "projects", RESOURCE, at.id ?? "", body)],
    ["DELETE", "/account/v3/projects/:id", ({ at }) => removed(world, "projects", RESOURCE, at.id ?? "")],
  ];
}
