// A small engine. Pulumi's own runner runs index.ts against it, as with the pulumi program, and the engine keeps what it gets.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { parse } from "yaml";
import { CATALOGUE, computed, idOf } from "./world.ts";

type Properties = Record<string, JavaScriptValue>;

export type EngineRun = {
  readonly exitCode: number | null;
  /** Errors and warnings that an operator would see. */
  readonly said: readonly string[];
  readonly types: readonly string[];
  /** Type and name → outputs that the engine must keep as secrets. */
  readonly secretOutputs: ReadonlyMap<string, readonly string[]>;
  /** Every input that was sent. */
  readonly inputs: readonly Properties[];
  /** Outputs of the stack as they are sent to be kept. */
  readonly stackOutputs: Properties;
};

const OUTSIDE_THE_CLOUD = ["pulumi:pulumi:Stack", "scaleway:account/project:Project", "scaleway:object/bucket:Bucket"];

/** Runs the Pulumi project in the folder as an update. */
export async function runProject(
  folder: URL,
  config: Readonly<Record<string, string>>,
  secretKeys: readonly string[],
): Promise<EngineRun> {
  const said: string[] = [];
  const kept: Kept = { types: [], inputs: [], secretOutputs: new Map() };
  const stack: { outputs: Properties } = { outputs: {} };
  const server = new grpc.Server();
  server.addService(EngineService, engineHandlers(said));
  server.addService(ResourceMonitorService, monitorHandlers(kept, stack));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const runner = fileURLToPath(new URL("../node_modules/@pulumi/pulumi/cmd/run/index.js", import.meta.url));
  const address = `127.0.0.1:${port}`;
  const where = ["--pwd", fileURLToPath(folder), "--project", "hosted-cloud", "--stack", "test"];
  const child = spawn(
    process.execPath,
    [runner, "--monitor", address, "--engine", address, ...where, entryOf(folder)],
    {
      env: {
        PATH: process.env.PATH,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: "false",
      },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
  server.forceShutdown();
  return { exitCode, said, ...kept, stackOutputs: stack.outputs };
}

/** The entry point as the language host passes it on. */
function entryOf(folder: URL): string {
  return parse(readFileSync(new URL("Pulumi.yaml", folder), "utf8")).main ?? ".";
}

function engineHandlers(said: string[]) {
  return {
    log: answer((request: engineProto.LogRequest) => {
      if (request.getSeverity() >= engineProto.LogSeverity.WARNING) said.push(request.getMessage());
      return new emptyProto.Empty();
    }),
    getRootResource: answer(() => new engineProto.GetRootResourceResponse()),
    setRootResource: answer(() => new engineProto.SetRootResourceResponse()),
    requirePulumiVersion: answer(() => new engineProto.RequirePulumiVersionResponse()),
  };
}

type Kept = { readonly types: string[]; readonly inputs: Properties[]; readonly secretOutputs: Map<string, string[]> };

function monitorHandlers(kept: Kept, stack: { outputs: Properties }) {
  return {
    supportsFeature: answer((request: resourceProto.SupportsFeatureRequest) => {
      const response = new resourceProto.SupportsFeatureResponse();
      response.setHassupport(["secrets", "resourceReferences", "aliasSpecs"].includes(request.getId()));
      return response;
    }),
    getDeploymentInfo: answer(() => {
      const response = new resourceProto.DeploymentInfo();
      const { RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_ALIAS_SPECS } =
        resourceProto.ResourceMonitorFeature;
      response.setSupportedfeaturesList([RESOURCE_MONITOR_FEATURE_SECRETS, RESOURCE_MONITOR_FEATURE_ALIAS_SPECS]);
      return response;
    }),
    invoke: answer((request: resourceProto.ResourceInvokeRequest) => {
      const field = CATALOGUE[request.getTok()];
      if (field === undefined) throw new Error(`nobody expected a call of ${request.getTok()}`);
      const response = new resourceProto.ResourceInvokeResponse();
      response.setReturn(
        structProto.Struct.fromJavaScript({
          ...request.getArgs()?.toJavaScript(),
          [field]: idOf(request.getTok(), field),
        }),
      );
      return response;
    }),
    registerResource: answer((request: resourceProto.RegisterResourceRequest) => registered(request, kept)),
    registerResourceOutputs: answer((request: resourceProto.RegisterResourceOutputsRequest) => {
      if (request.getUrn().includes("pulumi:pulumi:Stack")) stack.outputs = request.getOutputs()?.toJavaScript() ?? {};
      return new emptyProto.Empty();
    }),
    signalAndWaitForShutdown: answer(() => new emptyProto.Empty()),
  };
}

function registered(
  request: resourceProto.RegisterResourceRequest,
  kept: Kept,
): resourceProto.RegisterResourceResponse {
  const [type, name] = [request.getType(), request.getName()];
  const inputs = request.getObject()?.toJavaScript() ?? {};
  kept.types.push(type);
  kept.inputs.push(inputs);
  kept.secretOutputs.set(`${type} ${name}`, request.getAdditionalsecretoutputsList());
  const response = new resourceProto.RegisterResourceResponse();
  response.setUrn(`urn:pulumi:test::hosted-cloud::${type}::${name}`);
  if (request.getCustom()) response.setId(idOf(type, name));
  const made = OUTSIDE_THE_CLOUD.includes(type) ? {} : computed(type, name, inputs);
  response.setObject(structProto.Struct.fromJavaScript(JSON.parse(JSON.stringify({ ...inputs, ...made }))));
  return response;
}

/** Makes a gRPC handler from a function. What the function throws is the program's error. */
function answer<Request, Response>(work: (request: Request) => Response): grpc.handleUnaryCall<Request, Response> {
  return (call, done) => {
    try {
      done(null, work(call.request));
    } catch (error) {
      done({ code: grpc.status.UNKNOWN, details: String(error) });
    }
  };
}
