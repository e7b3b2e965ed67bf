/**
 * The servers that the executable is measured against, one a process, chosen by argument:
 *
 *   bare          Bun.serve with one small JSON object: what the machine can do at all
 *   handwritten   GET by id as one would write it by hand on Bun.serve, doing all that the promise asks: key by hash,
 *                 revocation seen from other processes, token bucket, request id, ETag, one row from SQLite
 *   grouped       the product itself, from source
 *   ungrouped     the product with one commit for each request
 */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { defaultConfig, LIMITS } from "../src/config.ts";
import { createLog } from "../src/lib/log.ts";
import { startServer } from "../src/server.ts";

const [kind, data = ""] = process.argv.slice(2);
const JSON_HEADERS = { "Content-Type": "application/json" };

function listening(url: string): void {
  process.stdout.write(`listening on ${url}\n`);
}

function bare(): void {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ data: { id: 1, name: "Maria" } }),
  });
  listening(`http://127.0.0.1:${server.port}`);
}

function handwritten(): void {
  const db = new Database(join(data, "allison.db"), { readonly: true, strict: true });
  const byHash = db.prepare<{ id: string; active: number; expires_at: string | null }, [string]>(
    "select id, active, expires_at from api_keys where hash = ?",
  );
  const version = db.prepare<{ data_version: number }, []>("pragma data_version");
  const contact = db.prepare<Record<string, unknown>, [string]>(
    `select id, created_at, updated_at, first_name, last_name, email, phone_number, custom, source, agent_notes,
     call_count, last_contact_at from contacts where id = ?`,
  );
  const keys = new LRUCache<string, { id: string; active: number; expires_at: string | null }>({
    max: 20_000,
  });
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: 20_000 });
  const limit = 10_000_000;
  let seen = 0;
  const failure = (status: number, error: string) =>
    new Response(JSON.stringify({ error }), { status, headers: JSON_HEADERS });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/v1/contacts/:id": (request) => {
        const token = request.headers.get("authorization")?.slice(7) ?? "";
        const hash = Bun.SHA256.hash(token, "hex");
        const { data_version } = version.get()!;
        if (data_version !== seen) keys.clear();
        seen = data_version;
        let key = keys.get(hash);
        if (!key) {
          key = byHash.get(hash) ?? undefined;
          if (key) keys.set(hash, key);
        }
        if (!key?.active) return failure(401, "unauthorized");
        const now = performance.now();
        let bucket = buckets.get(key.id);
        if (!bucket) {
          bucket = { tokens: limit, at: now };
          buckets.set(key.id, bucket);
        }
        bucket.tokens = Math.min(limit, bucket.tokens + ((now - bucket.at) * limit) / 60_000);
        bucket.at = now;
        if (bucket.tokens < 1) return failure(429, "rate_limited");
        bucket.tokens -= 1;
        const row = contact.get(request.params.id);
        if (!row) return failure(404, "not_found");
        row.custom = JSON.parse(row.custom as string);
        const body = JSON.stringify({ data: row });
        return new Response(body, {
          headers: {
            ...JSON_HEADERS,
            ETag: `"${Bun.hash.rapidhash(body).toString(36)}"`,
            "X-Request-Id": Bun.randomUUIDv7(),
            "RateLimit-Policy": `"reads";q=${limit};w=60`,
            RateLimit: `"reads";r=${Math.floor(bucket.tokens)};t=1`,
          },
        });
      },
    },
  });
  listening(`http://127.0.0.1:${server.port}`);
}

async function product(groupOperations: number): Promise<void> {
  Object.assign(LIMITS, { groupOperations });
  const config = defaultConfig({
    data,
    port: 0,
    readsPerMinute: 10_000_000,
    writesPerMinute: 10_000_000,
  });
  const server = await startServer({ config, log: createLog("silent") });
  process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
  listening(server.url);
}

if (kind === "bare") bare();
else if (kind === "handwritten") handwritten();
else if (kind === "grouped") await product(LIMITS.groupOperations);
else if (kind === "ungrouped") await product(1);
else throw new Error(`Unknown server ${kind}`);
