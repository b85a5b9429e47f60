// Finding one's way in a graph.
import assert from "node:assert/strict";
import type { Graph } from "./graph.ts";
import type { Registration } from "./world.ts";

export const SERVER = "scaleway:elasticmetal/server:Server";
export const PRIVATE_NETWORK = "scaleway:network/privateNetwork:PrivateNetwork";
export const TAGS = ["hosted-cloud", "cloud=opennebula", "managed-by=pulumi"];

export function all(graph: Graph, type: string): Registration[] {
  return graph.registrations.filter((registration) => registration.type === type);
}

export function one(graph: Graph, type: string, name: string): Registration {
  const found = all(graph, type).find((registration) => registration.name === name);
  assert.ok(found !== undefined, `${type}::${name} is not declared`);
  return found;
}

export function names(graph: Graph, type: string): string[] {
  return all(graph, type)
    .map(({ name }) => name)
    .sort();
}

export function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}
