// The error bodies of the API. not_found and permissions_denied are as recorded, keys and texts; the others have the
// keys that the published SDK reads.

/** A call the API refuses: the status and the body it answers instead. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(status: number, type: string, message: string, fields: Record<string, unknown>) {
    super(message);
    this.status = status;
    this.body = { type, message, ...fields };
  }
}

export function notFound(resourceId: string, resource = "flexible_ips"): Refusal {
  return new Refusal(404, "not_found", "resource is not found", { resource, resource_id: resourceId });
}

export function permissionsDenied(action: "read" | "write"): Refusal {
  const details = [{ action, resource: "flexible-ip" }];
  return new Refusal(403, "permissions_denied", "insufficient permissions", { details });
}

export function deniedAuthentication(): Refusal {
  const fields = { method: "api_key", reason: "not_found" };
  return new Refusal(401, "denied_authentication", "authentication is denied", fields);
}

export function invalidArgument(name: string, help = ""): Refusal {
  const details = [{ argument_name: name, help_message: help, reason: "constraint" }];
  return new Refusal(400, "invalid_arguments", "invalid argument(s)", { details });
}

export function transientState(id: string, currentState: string): Refusal {
  const fields = { current_state: currentState, resource: "flexible_ips", resource_id: id };
  return new Refusal(409, "transient_state", "resource is in a transient state", fields);
}

export function locked(id: string): Refusal {
  return new Refusal(403, "locked", "resource is locked", { resource: "flexible_ips", resource_id: id });
}

export function preconditionFailed(status: 409 | 412, help: string): Refusal {
  const precondition = status === 409 ? "resource_still_in_use" : "attribute_must_be_set";
  return new Refusal(status, "precondition_failed", "precondition failed", { help_message: help, precondition });
}

export function quotasExceeded(resource: string, quota: number, current: number): Refusal {
  const details = [{ current, quota, resource }];
  return new Refusal(403, "quotas_exceeded", "quota(s) exceeded for this resource", { details });
}
