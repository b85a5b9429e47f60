// The error bodies of the API. not_found and permissions_denied are as recorded, keys and texts; the others have the
// keys that the published SDK reads.

/** A call the API refuses: the status and the body it answers instead. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Record<string, unknown> & { message: string }) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

export function notFound(resourceId: string, resource = "flexible_ips"): Refusal {
  return new Refusal(404, {
    message: "resource is not found",
    resource,
    resource_id: resourceId,
    type: "not_found",
  });
}

export function permissionsDenied(action: "read" | "write"): Refusal {
  const details = [{ action, resource: "flexible-ip" }];
  return new Refusal(403, { details, message: "insufficient permissions", type: "permissions_denied" });
}

export function deniedAuthentication(): Refusal {
  return new Refusal(401, {
    message: "authentication is denied",
    method: "api_key",
    reason: "not_found",
    type: "denied_authentication",
  });
}

export function invalidArgument(name: string, reason: "required" | "format" | "constraint", help = ""): Refusal {
  const details = [{ argument_name: name, help_message: help, reason }];
  return new Refusal(400, { details, message: "invalid argument(s)", type: "invalid_arguments" });
}

export function transientState(resourceId: string, currentState: string): Refusal {
  return new Refusal(409, {
    current_state: currentState,
    message: "resource is in a transient state",
    resource: "flexible_ips",
    resource_id: resourceId,
    type: "transient_state",
  });
}

export function locked(resourceId: string): Refusal {
  return new Refusal(403, {
    message: "resource is locked",
    resource: "flexible_ips",
    resource_id: resourceId,
    type: "locked",
  });
}

export function preconditionFailed(status: 409 | 412, help: string): Refusal {
  return new Refusal(status, {
    help_message: help,
    message: "precondition failed",
    precondition: status === 409 ? "resource_still_in_use" : "attribute_must_be_set",
    type: "precondition_failed",
  });
}

export function quotasExceeded(resource: string, quota: number, current: number): Refusal {
  return new Refusal(403, {
    details: [{ current, quota, resource }],
    message: "quota(s) exceeded for this resource",
    type: "quotas_exceeded",
  });
}

export function outOfStock(): Refusal {
  return new Refusal(503, { message: "resource is out of stock", resource: "flexible_ips", type: "out_of_stock" });
}
