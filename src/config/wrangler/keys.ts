/**
 * The CATALOGUE of keys in a wrangler file, and what nano does with each. https://developers.cloudflare.com/workers/wrangler/configuration/
 * A key that is neither here nor told is a fault of ours: nothing of a file is passed over in silence.
 */

/** Where a key may stand, and whether an environment has it from the top level unless it says it itself. */
type Scope = "top" | "inherited" | "own";

/** What nano lacks: which names it has in `env`. */
export interface BindingKey {
  readonly scope: Scope;
  readonly does: "binding";
  readonly called: string;
  /** Where the list or the object stands below the key. */
  readonly below?: string;
  /** The field that has the name; null: the names are the keys. */
  readonly named: string | null;
}

export interface PlainKey {
  readonly scope: Scope;
  /** `read`: nano does what it says. `idle`: it says how Cloudflare deploys or shows the app, which is nothing to nano. */
  readonly does: "read" | "idle";
}

/** It would change what the app does, and nano does not do that. */
export interface ToldKey {
  readonly scope: Scope;
  readonly does: "told";
  readonly message: string;
  readonly hint?: string;
}

export type WranglerKey = BindingKey | PlainKey | ToldKey;

const read = (scope: Scope): PlainKey => ({ scope, does: "read" });
const idle = (scope: Scope): PlainKey => ({ scope, does: "idle" });
const told = (scope: Scope, message: string, hint?: string): ToldKey => ({ scope, does: "told", message, ...(hint === undefined ? {} : { hint }) });
const binding = (called: string, named: string | null = "binding", below?: string, scope: Scope = "own"): BindingKey => ({ scope, does: "binding", called, named, ...(below === undefined ? {} : { below }) });

export const wranglerKeys: Readonly<Record<string, WranglerKey>> = Object.assign(Object.create(null) as Record<string, WranglerKey>, {
  name: read("inherited"),
  main: read("inherited"),
  compatibility_date: read("inherited"),
  compatibility_flags: read("inherited"),
  node_compat: read("inherited"),
  route: read("inherited"),
  routes: read("inherited"),
  assets: read("inherited"),
  triggers: read("inherited"),
  limits: read("inherited"),
  rules: read("inherited"),
  build: read("inherited"),
  tsconfig: read("inherited"),
  jsx_factory: read("inherited"),
  jsx_fragment: read("inherited"),
  define: read("own"),
  vars: read("own"),
  secrets: read("own"),
  alias: read("top"),
  dev: read("top"),
  env: read("top"),
  site: read("top"),
  pages_build_output_dir: read("top"),

  $schema: idle("top"),
  account_id: idle("inherited"),
  workers_dev: idle("inherited"),
  preview_urls: idle("inherited"),
  previews: idle("inherited"),
  usage_model: idle("inherited"),
  zone_id: idle("inherited"),
  placement: idle("inherited"),
  observability: idle("inherited"),
  logpush: idle("inherited"),
  logfwdr: idle("inherited"),
  upload_source_maps: idle("inherited"),
  first_party_worker: idle("inherited"),
  compliance_region: idle("inherited"),
  cache: idle("inherited"),
  no_bundle: idle("inherited"),
  find_additional_modules: idle("inherited"),
  preserve_file_names: idle("inherited"),
  base_dir: idle("inherited"),
  minify: idle("inherited"),
  keep_names: idle("inherited"),
  migrations: idle("inherited"),
  send_metrics: idle("top"),
  keep_vars: idle("top"),
  legacy_env: idle("top"),
  configPath: idle("top"),
  userConfigPath: idle("top"),
  topLevelName: idle("top"),
  definedEnvironments: idle("top"),
  targetEnvironment: idle("top"),

  python_modules: told("inherited", "nano runs JavaScript and TypeScript, no Python"),
  containers: told("own", "nano starts no containers", "start them yourself, and reach them with fetch()"),
  cloudchamber: told("own", "nano starts no containers"),
  tail_consumers: told("own", "nano sends its log to no app", "nano logs -f and --log-format json have what apps print"),
  streaming_tail_consumers: told("own", "nano sends its log to no app", "nano logs -f and --log-format json have what apps print"),

  kv_namespaces: binding("KV namespace"),
  r2_buckets: binding("R2 bucket"),
  d1_databases: binding("D1 database"),
  durable_objects: binding("Durable Object", "name", "bindings"),
  queues: binding("queue", "binding", "producers"),
  services: binding("service"),
  workflows: binding("workflow"),
  hyperdrive: binding("Hyperdrive"),
  vectorize: binding("Vectorize index"),
  analytics_engine_datasets: binding("Analytics Engine dataset"),
  ai: binding("Workers AI"),
  ai_search: binding("AI Search"),
  ai_search_namespaces: binding("AI Search namespace"),
  browser: binding("browser"),
  images: binding("Images"),
  media: binding("Media Transformations"),
  stream: binding("Stream"),
  version_metadata: binding("version metadata"),
  send_email: binding("email sender", "name"),
  mtls_certificates: binding("mTLS certificate"),
  dispatch_namespaces: binding("dispatch namespace"),
  pipelines: binding("pipeline"),
  secrets_store_secrets: binding("secret of the Secrets Store"),
  ratelimits: binding("rate limit", "name"),
  worker_loaders: binding("Worker Loader"),
  vpc_services: binding("VPC service"),
  vpc_networks: binding("VPC network"),
  flagship: binding("Flagship"),
  artifacts: binding("Artifacts"),
  unsafe: binding("unsafe binding", "name", "bindings"),
  unsafe_hello_world: binding("hello world"),
  wasm_modules: binding("WebAssembly module", null, undefined, "top"),
  text_blobs: binding("text blob", null, undefined, "top"),
  data_blobs: binding("data blob", null, undefined, "top"),
} satisfies Record<string, WranglerKey>);

/** Keys that only environments lack. */
export const environmentKeys: readonly string[] = Object.keys(wranglerKeys).filter((key) => wranglerKeys[key]?.scope !== "top");
