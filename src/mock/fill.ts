/** What a mock holds when it starts: a made-up business with its calls, or the calls of somebody's own file. */

import type { Appliance } from "../appliance.ts";
import { UsageError } from "../config.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { ingestLines, splitLines } from "../platform/lines.ts";
import type { CallRecord } from "../platform/record.ts";
import { setHandled } from "../resources/calls.ts";
import { createOrganization } from "../resources/organization.ts";
import { type Actor, systemActor, userActor } from "../store/actor.ts";
import { createMockAccount, MOCK_ACCOUNT } from "./account.ts";
import { type Callers, callTimes, createCallers } from "./conversations.ts";
import { createPractice } from "./practice.ts";
import { seededFaker } from "./random.ts";
import { makeMockKeys, type World } from "./server.ts";

/** Bad lines that are told of one by one. */
const TOLD = 5;

/** The calls of an NDJSON file, a record a line, as they are. Throws a UsageError that names the bad lines. */
export async function fillFromFile(
  world: World,
  file: string,
  organization: string,
): Promise<void> {
  const { store } = world.appliance;
  const actor = systemActor("mock");
  await store.change(actor, (tx) => createOrganization(tx, organization));
  await makeMockKeys(world);
  await createMockAccount(world.appliance);
  const services = { store, ingest: world.ingest, actor, onUnexpected: unexpected };
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
    const more = bad.length > TOLD ? `; and ${bad.length - TOLD} more` : "";
    throw new UsageError(`--data ${file} has bad lines: ${bad.slice(0, TOLD).join("; ")}${more}.`);
  }
  if (read === 0) throw new UsageError(`--data ${file} holds no call record.`);
}

function unexpected(error: unknown): void {
  throw error;
}

export interface Business {
  seed: number;
  /** How many calls it has had, and within how many days. */
  calls: number;
  days: number;
  /** The business's name, in place of the made-up one. */
  organization: string | null;
}

/** Something that happens along with the latest calls, at their times. */
export interface Lately {
  /** How long before the start it begins. */
  lastMs: number;
  before(): Promise<void>;
  /** After each call. */
  between(): Promise<void>;
}

/** What goes on after the start. */
export interface Filled {
  callers: Callers;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** For so long something may wait until somebody deals with it. */
const OPEN_MS = 2 * DAY_MS;
/** The business has been there for longer than its calls. */
const YEAR_MS = 365 * DAY_MS;

/** A dental practice and its calls up to now, each told when it ended. */
export async function fillWithBusiness(
  world: World,
  { seed, calls, days, organization }: Business,
  lately?: Lately,
): Promise<Filled> {
  const { clock, appliance } = world;
  const { store } = appliance;
  const now = clock.now();
  const faker = seededFaker(seed);
  clock.hold(now - YEAR_MS);
  const cast = await store.change(systemActor("mock"), (tx) => createPractice(tx, organization));
  await makeMockKeys(world);
  await createMockAccount(appliance);
  const callers = createCallers(faker, cast);
  const times = callTimes(faker, { from: now - days * DAY_MS, to: now - HOUR_MS, count: calls });
  let waiting = lately ?? null;
  let told = 0;
  for (const time of times) {
    const record = callers.next(time);
    // Calls run beside each other, and time does not go back.
    told = Math.max(told, Date.parse(record.ended_at!));
    if (waiting && told > now - waiting.lastMs) {
      clock.hold(now - waiting.lastMs);
      await waiting.before();
      waiting = null;
    }
    clock.hold(told);
    await storeCall(world, record);
    if (told < now - OPEN_MS) await dealWith(world, record.external_id);
    if (lately && !waiting) await lately.between();
  }
  for (const key of appliance.keys.list()) appliance.keys.used(key, () => "127.0.0.1");
  return { callers };
}

/** What callers left with the practice is dealt with by its owner: messages, callbacks and orders. */
async function dealWith({ appliance, ingest }: World, externalId: string): Promise<void> {
  const { store, users } = appliance;
  const left = ingest.find(externalId)!;
  if (left.messages.length === 0 && !left.callback_request && !left.order) return;
  const from = { ip: "127.0.0.1", user_agent: null, request_id: null };
  await store.change(userActor(users.byEmail(MOCK_ACCOUNT.email)!, from), (tx) => {
    let call = left;
    for (const place of left.messages.keys()) call = setHandled(tx, call, place, true);
    if (call.callback_request) call = setHandled(tx, call, null, true);
    if (call.order) ingest.moveOrder(tx, call, "fulfilled");
  });
}

/** As the voice platform does it. */
export const storeCall = ({ appliance, ingest }: World, record: CallRecord): Promise<unknown> =>
  appliance.store.change(platformActor(appliance), (tx) => ingest.put(tx, record));

function platformActor({ keys }: Appliance): Actor {
  const key = keys.authenticate(MOCK_KEYS.platform, ["plat"]);
  if (typeof key === "string") throw new Error(`the platform's key is ${key}`);
  const { id, name, prefix } = key;
  return { type: "platform", id, name, prefix, ip: null, user_agent: null, request_id: null };
}
