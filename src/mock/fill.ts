/** The initial data of a mock: a made-up business with its calls, or the call records of a file. */

import type { Appliance } from "../appliance.ts";
import { UsageError } from "../config.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { ingestLines, splitLines } from "../platform/lines.ts";
import type { CallRecord } from "../platform/record.ts";
import { setHandled } from "../resources/calls.ts";
import { createOrganization } from "../resources/organization.ts";
import { type Actor, userActor } from "../store/actor.ts";
import { createMockAccount, MOCK_ACCOUNT, MOCK_ACTOR } from "./account.ts";
import { type CallSource, callTimes, createCallSource } from "./conversations.ts";
import type { MockInstance } from "./instance.ts";
import { createMockKeys } from "./keys.ts";
import { createPractice } from "./practice.ts";
import { seededFaker } from "./random.ts";

/** Bad lines that the error message names; the rest is counted. */
const MAX_LISTED_LINES = 5;

/** Stores the records of an NDJSON file unchanged. Throws a UsageError that names the bad lines. */
export async function fillFromFile(
  instance: MockInstance,
  file: string,
  organization: string,
): Promise<void> {
  const { appliance, ingest } = instance;
  const { store } = appliance;
  await store.change(MOCK_ACTOR, (tx) => createOrganization(tx, organization, null));
  await createMockKeys(appliance);
  await createMockAccount(appliance);
  const services = { store, ingest, actor: MOCK_ACTOR, onUnexpected: rethrow };
  const bad: string[] = [];
  let read = 0;
  for await (const { number, answer } of ingestLines(
    services,
    splitLines(Bun.file(file).stream()),
  )) {
    read += 1;
    const [[field, issue] = []] = Object.entries(answer.details ?? {});
    if (answer.status === "error") bad.push(`line ${number}: ${field} ${issue}`);
  }
  if (bad.length > 0) {
    const listed = bad.slice(0, MAX_LISTED_LINES).join("; ");
    const rest = bad.length - MAX_LISTED_LINES;
    const more = rest > 0 ? `; and ${rest} more` : "";
    throw new UsageError(`--data ${file} has bad lines: ${listed}${more}.`);
  }
  if (read === 0) throw new UsageError(`--data ${file} contains no call records.`);
}

function rethrow(error: unknown): void {
  throw error;
}

export interface Business {
  seed: number;
  /** The number of calls within the last `days` days. */
  calls: number;
  days: number;
  /** The name of the business; null for the made-up one. */
  organization: string | null;
}

/** Work that runs along with the latest calls, on the mock's clock. */
export interface RecentActivity {
  /** How long before the start of the mock it begins. */
  lastMs: number;
  begin(): Promise<void>;
  afterEachCall(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Messages, callbacks and orders of older calls are handled. */
const OPEN_MS = 2 * DAY_MS;
/** The business was created before its first call. */
const BUSINESS_AGE_MS = 365 * DAY_MS;

/** Creates a dental practice and its calls up to now. Returns the source of further calls. */
export async function fillWithBusiness(
  instance: MockInstance,
  { seed, calls, days, organization }: Business,
  activity?: RecentActivity,
): Promise<CallSource> {
  const { clock, appliance } = instance;
  const { store } = appliance;
  const now = clock.now();
  const faker = seededFaker(seed);
  clock.hold(now - BUSINESS_AGE_MS);
  const cast = await store.change(MOCK_ACTOR, (tx) => createPractice(tx, organization));
  await createMockKeys(appliance);
  await createMockAccount(appliance);
  const source = createCallSource(faker, cast);
  const times = callTimes(faker, { from: now - days * DAY_MS, to: now - HOUR_MS, count: calls });
  let pendingActivity = activity ?? null;
  let latestEnd = 0;
  for (const time of times) {
    const record = source.next(time);
    // Calls overlap, and the clock must not go back.
    latestEnd = Math.max(latestEnd, Date.parse(record.ended_at!));
    if (pendingActivity && latestEnd > now - pendingActivity.lastMs) {
      clock.hold(now - pendingActivity.lastMs);
      await pendingActivity.begin();
      pendingActivity = null;
    }
    clock.hold(latestEnd);
    await storeCall(instance, record);
    if (latestEnd < now - OPEN_MS) await handleCall(instance, record.external_id);
    if (activity && !pendingActivity) await activity.afterEachCall();
  }
  for (const key of appliance.keys.list()) appliance.keys.recordUse(key, () => "127.0.0.1");
  return source;
}

/** Marks the messages, the callback request and the order of a call as handled, as the owner of the practice. */
async function handleCall({ appliance, ingest }: MockInstance, externalId: string): Promise<void> {
  const { store, users } = appliance;
  const stored = ingest.find(externalId)!;
  if (stored.messages.length === 0 && !stored.callback_request && !stored.order) return;
  const from = { ip: "127.0.0.1", user_agent: null, request_id: null };
  await store.change(
    userActor(users.byEmail(MOCK_ACCOUNT.email)!, from, () => {}),
    (tx) => {
      let call = stored;
      for (const index of stored.messages.keys()) call = setHandled(tx, call, index, true);
      if (call.callback_request) call = setHandled(tx, call, null, true);
      if (call.order) ingest.moveOrder(tx, call, "fulfilled");
    },
  );
}

/** Stores a call record as the voice platform. */
export const storeCall = (
  { appliance, ingest }: MockInstance,
  record: CallRecord,
): Promise<unknown> =>
  appliance.store.change(platformActor(appliance), (tx) => ingest.put(tx, record));

function platformActor({ keys }: Appliance): Actor {
  const key = keys.authenticate(MOCK_KEYS.platform, ["plat"]);
  if (typeof key === "string") throw new Error(`the platform key is ${key}`);
  const { id, name, prefix } = key;
  const origin = { ip: null, user_agent: null, request_id: null };
  return { type: "platform", id, name, prefix, ...origin, requireValid: null };
}
