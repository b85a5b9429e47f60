// undici's entry point loads all of undici; only its client runs here, and its file has no types of its own.
declare module "undici/lib/dispatcher/client.js" {
  import { Client } from "undici";
  export default Client;
}
