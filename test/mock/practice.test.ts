/** The practice of a mock and its calls: valid for the API, and natural to read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { localTime } from "../../src/lib/local-time.ts";
import { callTimes, createCallSource } from "../../src/mock/conversations.ts";
import { type Cast, createPractice, INTENTS, LOCATIONS } from "../../src/mock/practice.ts";
import { seededFaker } from "../../src/mock/random.ts";
import { createIngest } from "../../src/platform/ingest.ts";
import { type CallRecord, callRecord } from "../../src/platform/record.ts";
import { startTestMock } from "../support/mock.ts";
import { ACTOR, openTestStore, type TestStore } from "../support/store.ts";

const NOW = Date.parse("2026-11-23T10:00:00.000Z");
const DAY = 86_400_000;
const CALLS = 1_500;

let world: TestStore;
let cast: Cast;
beforeAll(async () => {
  world = openTestStore();
  cast = await world.store.change(ACTOR, (tx) => createPractice(tx, null));
});
afterAll(() => world[Symbol.asyncDispose]());

function records(seed: number, count = CALLS): CallRecord[] {
  const faker = seededFaker(seed);
  const source = createCallSource(faker, cast);
  const times = callTimes(faker, { from: NOW - 90 * DAY, to: NOW, count });
  return times.map((time) => source.next(time));
}

test("the knowledge of a location overrides the general knowledge", async () => {
  await using mock = await startTestMock();
  const places = (await mock.read.get("/v1/locations")).body.data as { id: string; name: string }[];
  const known = async (name: string) => {
    const { id } = places.find((place) => place.name === name)!;
    const entries = await mock.read.all(`/v1/knowledge?effective=true&location_id=${id}`);
    return new Map(
      entries.map((entry) => [entry.key ?? entry.policy_key ?? entry.question, entry]),
    );
  };
  const [downtown, lakeside] = [await known("Downtown"), await known("Lakeside")];
  expect(downtown.get("parking").value).toContain("Market Street garage");
  expect(lakeside.get("parking").value).toContain("in front of the building");
  expect(lakeside.get("payment")).toEqual(downtown.get("payment"));
});

describe("calls", () => {
  const all: CallRecord[] = [];
  beforeAll(() => all.push(...records(1)));

  test("are all stored without an error", async () => {
    const ingest = createIngest({ db: world.db, publicUrl: () => "http://127.0.0.1" });
    const writes = all.map((record) => {
      expect(callRecord.parse(record).external_id).toBe(record.external_id);
      return world.store.change(ACTOR, (tx) => ingest.put(tx, record));
    });
    for (const { outcome } of await Promise.all(writes)) expect(outcome).toBe("created");
    // The calls use the intents of the practice only.
    expect<number>(world.value("select count(*) from intents")).toBe(Object.keys(INTENTS).length);
  });

  test("are the same for the same seed, and different for another", () => {
    expect(records(1, 50)).toEqual(records(1, 50));
    expect(records(2, 50)).not.toEqual(records(1, 50));
  });

  test("cover every intent, each in more than one wording", () => {
    const openings = Map.groupBy(all, ({ intent }) => intent ?? null);
    for (const [name] of Object.values(INTENTS)) {
      const said = new Set(openings.get(name)?.map(({ transcript }) => transcript![1]!.text));
      expect([name, said.size > 1]).toEqual([name, true]);
    }
    expect(new Set(all.map(({ disposition }) => disposition)).size).toBe(5);
    for (const kind of [
      "messages",
      "callback_request",
      "escalations",
      "appointment",
      "order",
    ] as const)
      expect([kind, all.some((record) => record[kind])]).toEqual([kind, true]);
    expect(all.some(({ from_number }) => from_number === null)).toBe(true);
    expect(all.some(({ spam }) => spam)).toBe(true);
  });

  test("have complete sentences without placeholders, and ascending times", () => {
    for (const { transcript, summary, started_at, ended_at } of all) {
      const texts = [summary!, ...(transcript ?? []).map(({ text }) => text)];
      for (const text of texts) {
        expect(text).not.toMatch(/undefined|null|NaN|\[object|\{|\}| {2}|\s$|^\s/);
        expect(text).toMatch(/[.?!]$/);
      }
      const times = (transcript ?? []).map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const seconds = (Date.parse(ended_at!) - Date.parse(started_at!)) / 1_000;
      expect(seconds).toBeGreaterThanOrEqual(times.at(-1) ?? 0);
    }
  });

  test("book appointments within the opening hours of their location, after the call", () => {
    const days = [
      "monday",
      "tuesday",
      "wednesday",
      "thursday",
      "friday",
      "saturday",
      "sunday",
    ] as const;
    const booked = all.filter(({ appointment }) => appointment);
    expect(booked.length).toBeGreaterThan(100);
    for (const { appointment, location_id, ended_at } of booked) {
      const name = location_id === cast.locations.downtown.id ? "downtown" : "lakeside";
      const starts = Date.parse(appointment!.starts_at);
      const { weekday, hour } = localTime(starts, LOCATIONS.downtown.timezone);
      const [period] = LOCATIONS[name].hours[days[weekday]!];
      expect(starts).toBeGreaterThan(Date.parse(ended_at!));
      expect(hour).toBeGreaterThanOrEqual(Number(period!.open.slice(0, 2)));
      expect(hour).toBeLessThan(Number(period!.close.slice(0, 2)));
    }
  });

  test("come mostly on the mornings of working days, and rarely at night", () => {
    const hours = all.map(({ started_at }) =>
      localTime(Date.parse(started_at!), LOCATIONS.downtown.timezone),
    );
    const at = (from: number, to: number) =>
      hours.filter(({ hour }) => hour >= from && hour < to).length;
    expect(at(0, 6)).toBeLessThan(CALLS / 50);
    expect(at(8, 12)).toBeGreaterThan(CALLS / 4);
    const sundays = hours.filter(({ weekday }) => weekday === 6).length;
    expect(sundays).toBeLessThan(CALLS / 14);
  });
});
