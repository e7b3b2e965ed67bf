/** The install that the benchmark measures: a data directory with keys, an account, contacts and 100,000 calls. */
import { join } from "node:path";
import { type Appliance, openAppliance } from "../src/appliance.ts";
import { defaultConfig } from "../src/config.ts";
import { cliActor } from "../src/store/actor.ts";
import { EXECUTABLE, WORK } from "./bench-tools.ts";

export const CALLS = 100_000;
export const EMAIL = "bench@example.com";
export const PASSWORD = "correct horse battery";

export interface Install {
  data: string;
  /** A key with the write scope, and the voice platform's key. */
  token: string;
  platformToken: string;
  contactIds: string[];
  importSeconds: number;
}

/** Fills a new data directory. The calls go through `allison calls import`, which is measured. */
export async function prepareInstall(): Promise<Install> {
  const data = join(WORK, "data");
  const appliance = openAppliance(defaultConfig({ data }), {}, true);
  const token = await createKey(appliance, "live");
  const platformToken = await createKey(appliance, "plat");
  await createAccount(appliance);
  await appliance.close();
  const importSeconds = await importCalls(data);
  const contactIds = await readContactIds(data);
  return { data, token, platformToken, contactIds, importSeconds };
}

const actor = cliActor("bench", "bench");

export async function createKey(
  { store, keys }: Appliance,
  kind: "live" | "plat",
): Promise<string> {
  const scope = kind === "live" ? "write" : null;
  const { token } = await store.change(actor, (tx) =>
    keys.create(tx, { name: kind, kind, scope, expires_at: null }),
  );
  return token;
}

async function createAccount({ store, users, passwords }: Appliance): Promise<void> {
  const passwordHash = await passwords.hash(PASSWORD);
  await store.change(actor, (tx) => users.create(tx, { email: EMAIL, name: null, passwordHash }));
}

/** Returns how many seconds the import took. */
async function importCalls(data: string): Promise<number> {
  const file = join(WORK, "calls.ndjson");
  // The last call starts today, so the overview of the dashboard has data.
  const firstStart = Date.now() - CALLS * 60_000;
  const lines = Array.from({ length: CALLS }, (_, n) =>
    JSON.stringify(callRecord(n, firstStart + n * 60_000)),
  );
  await Bun.write(file, `${lines.join("\n")}\n`);
  const before = performance.now();
  const { exitCode } = Bun.spawnSync([EXECUTABLE, "calls", "import", file, "--data", data], {
    stderr: "inherit",
  });
  if (exitCode !== 0) throw new Error("the import failed");
  return (performance.now() - before) / 1000;
}

function callRecord(n: number, startedAt: number) {
  return {
    external_id: `call-${n}`,
    direction: "inbound",
    from_number: `+1555${String(n % 20_000).padStart(7, "0")}`,
    to_number: "+15550100100",
    started_at: new Date(startedAt).toISOString(),
    ended_at: new Date(startedAt + 74_000).toISOString(),
    disposition: "completed",
    summary: `Asked about parking, call ${n}.`,
    outcome: n % 3 === 0 ? "booked" : null,
    intent: `Intent ${n % 12}`,
    transcript: [
      { role: "caller", text: "Hello, is there parking near you?", at: 0.5 },
      { role: "agent", text: "Yes, free parking behind the building.", at: 4.2 },
    ],
  };
}

async function readContactIds(data: string): Promise<string[]> {
  const appliance = openAppliance(defaultConfig({ data }), {}, false);
  const rows = appliance.db.$client.query("select id from contacts limit 1000").all();
  await appliance.close();
  return (rows as { id: string }[]).map(({ id }) => id);
}
