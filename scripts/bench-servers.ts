/**
 * The servers that the executable is measured against, one per process, chosen by argument:
 *
 *   bare          Bun.serve with one small JSON object: the limit of the machine
 *   handwritten   GET by id written by hand on Bun.serve, with all that the product promises: key by hash, revocation by
 *                 other processes, token bucket, request id, ETag, one row from SQLite
 *   grouped       the product itself, from source
 *   ungrouped     the product with one commit per request
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { defaultConfig, LIMITS } from "../src/config.ts";
import { createLog } from "../src/lib/log.ts";
import { startServer } from "../src/server.ts";

const [kind, data = ""] = process.argv.slice(2);
const JSON_HEADERS = { "Content-Type": "application/json" };

const REQUESTS_PER_MINUTE = 10_000_000;
const MEMORY_ENTRIES = 20_000;

function announce(url: string): void {
  process.stdout.write(`listening on ${url}\n`);
}

function serveBare(): void {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ data: { id: 1, name: "Maria" } }),
  });
  announce(`http://127.0.0.1:${server.port}`);
}

interface Key {
  id: string;
  active: number;
  expires_at: string | null;
}

/** Finds keys by hash. A commit by any process, which changes `data_version`, empties the cache. */
function createKeyFinder(db: Database): (authorization: string | null) => Key | undefined {
  const selectKey = db.prepare<Key, [string]>(
    "select id, active, expires_at from api_keys where hash = ?",
  );
  const selectVersion = db.prepare<{ data_version: number }, []>("pragma data_version");
  const keys = new LRUCache<string, Key>({ max: MEMORY_ENTRIES });
  let version = 0;
  return (authorization) => {
    const hash = Bun.SHA256.hash(authorization?.slice(7) ?? "", "hex");
    const { data_version } = selectVersion.get()!;
    if (data_version !== version) keys.clear();
    version = data_version;
    let key = keys.get(hash);
    if (!key) {
      key = selectKey.get(hash) ?? undefined;
      if (key) keys.set(hash, key);
    }
    return key?.active ? key : undefined;
  };
}

/** Takes a token from the bucket of a key and returns how many remain, or undefined if it is empty. */
function createRateLimiter(): (keyId: string) => number | undefined {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: MEMORY_ENTRIES });
  return (keyId) => {
    const now = performance.now();
    let bucket = buckets.get(keyId);
    if (!bucket) {
      bucket = { tokens: REQUESTS_PER_MINUTE, at: now };
      buckets.set(keyId, bucket);
    }
    const refill = ((now - bucket.at) * REQUESTS_PER_MINUTE) / 60_000;
    bucket.tokens = Math.min(REQUESTS_PER_MINUTE, bucket.tokens + refill);
    bucket.at = now;
    if (bucket.tokens < 1) return undefined;
    bucket.tokens -= 1;
    return bucket.tokens;
  };
}

function refuse(status: number, error: string): Response {
  return new Response(JSON.stringify({ error }), { status, headers: JSON_HEADERS });
}

function respond(row: Record<string, unknown>, remaining: number): Response {
  const body = JSON.stringify({ data: row });
  return new Response(body, {
    headers: {
      ...JSON_HEADERS,
      ETag: `"${Bun.hash.rapidhash(body).toString(36)}"`,
      "X-Request-Id": Bun.randomUUIDv7(),
      "RateLimit-Policy": `"reads";q=${REQUESTS_PER_MINUTE};w=60`,
      RateLimit: `"reads";r=${Math.floor(remaining)};t=1`,
    },
  });
}

function serveHandwritten(): void {
  const db = new Database(join(data, "allison.db"), { readonly: true, strict: true });
  const findKey = createKeyFinder(db);
  const takeToken = createRateLimiter();
  const selectContact = db.prepare<Record<string, unknown>, [string]>(
    `select id, created_at, updated_at, first_name, last_name, email, phone_number, custom, source, agent_notes,
     call_count, last_contact_at from contacts where id = ?`,
  );
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/v1/contacts/:id": (request) => {
        const key = findKey(request.headers.get("authorization"));
        if (!key) return refuse(401, "unauthorized");
        const remaining = takeToken(key.id);
        if (remaining === undefined) return refuse(429, "rate_limited");
        const row = selectContact.get(request.params.id);
        if (!row) return refuse(404, "not_found");
        row.custom = JSON.parse(row.custom as string);
        return respond(row, remaining);
      },
    },
  });
  announce(`http://127.0.0.1:${server.port}`);
}

async function serveProduct(groupOperations: number): Promise<void> {
  Object.assign(LIMITS, { groupOperations });
  const config = defaultConfig({
    data,
    port: 0,
    readsPerMinute: REQUESTS_PER_MINUTE,
    writesPerMinute: REQUESTS_PER_MINUTE,
  });
  const server = await startServer({ config, log: createLog("silent") });
  process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
  announce(server.url);
}

if (kind === "bare") serveBare();
else if (kind === "handwritten") serveHandwritten();
else if (kind === "grouped") await serveProduct(LIMITS.groupOperations);
else if (kind === "ungrouped") await serveProduct(1);
else throw new Error(`Unknown server ${kind}`);
