/**
 * The calls of a mock's practice, as records of the voice platform: who calls, when, and how the call goes. Every random
 * value comes from one faker, so the same seed gives the same calls.
 */
import type { Faker } from "@faker-js/faker";
import { type WeeklyHours, weeklyHours } from "../contract/fields.ts";
import { isoTime } from "../lib/clock.ts";
import { atLocalTime, localTime } from "../lib/local-time.ts";
import type { CallRecord } from "../platform/record.ts";
import { type Cast, INTENTS, LOCATIONS, type LocationName, RULES } from "./practice.ts";
import { CALL_KINDS } from "./scenes/call-kinds.ts";
import type { Caller, Dice, Scene, Slot, Story } from "./scenes/scene.ts";

export interface CallSource {
  /** A completed call. `startedAt`: its start in milliseconds since the epoch. */
  next(startedAt: number): CallRecord;
}

const PATIENTS = 240;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
/** From Monday, as `localTime` counts the days of the week. */
const DAYS = Object.keys(weeklyHours.shape) as (keyof WeeklyHours)[];
const TIMEZONE = LOCATIONS.downtown.timezone;
/** How fast people talk, and how long they pause before they answer. */
const WORDS_PER_SECOND = 2.7;
const PAUSE_SECONDS = 0.7;

/** Creates the calls of a practice with this cast. */
export function createCallSource(faker: Faker, cast: Cast): CallSource {
  const dice = createDice(faker);
  const patients = Array.from({ length: PATIENTS }, (_, n) =>
    createCaller(faker, `+1555012${String(n).padStart(4, "0")}`),
  );
  let newPatients = 0;

  function chooseCaller(isStranger = false): Caller {
    if (isStranger) return createCaller(faker, `+1555017${dice.between(1000, 9999)}`);
    if (dice.chance(0.05)) return { ...dice.one(patients), number: null };
    if (dice.chance(0.86)) return dice.one(patients);
    newPatients += 1;
    return createCaller(faker, `+15550${String(130_000 + newPatients)}`);
  }

  return {
    next(startedAt) {
      const place: LocationName = dice.chance(0.66) ? "downtown" : "lakeside";
      const { hours, id, phone_number } = cast.locations[place];
      const { writeStory, isStranger } = faker.helpers.weightedArrayElement(
        isOpen(hours, startedAt) ? KINDS_WHILE_OPEN : KINDS_WHILE_CLOSED,
      );
      const caller = chooseCaller(isStranger);
      const scene: Scene = {
        dice,
        caller,
        place,
        hours: formatHours(hours, startedAt),
        slots: findSlots(dice, hours, startedAt),
        member: (name) => cast.team[name],
        rule: (name) => ({
          rule_id: cast.rules[name].id,
          rule_name: RULES[name].name,
          action: RULES[name].action,
        }),
      };
      const story = writeStory(scene);
      return recordOf({ story, caller, startedAt, dice, location: { id, phone_number } });
    },
  };
}

function createDice(faker: Faker): Dice {
  const between = (least: number, most: number) => faker.number.int({ min: least, max: most });
  return {
    between,
    one: (list) => list[between(0, list.length - 1)]!,
    chance: (probability) => faker.number.float() < probability,
  };
}

function createCaller(faker: Faker, number: string): Caller {
  const [first, last] = [faker.person.firstName(), faker.person.lastName()];
  return {
    first,
    last,
    number,
    email: `${first}.${last}@mail.example`.toLowerCase().replaceAll(/[^a-z.@]/g, ""),
  };
}

const weighKinds = (when: "open" | "closed") =>
  CALL_KINDS.map((value) => ({ value, weight: value[when] })).filter(({ weight }) => weight > 0);
const KINDS_WHILE_OPEN = weighKinds("open");
const KINDS_WHILE_CLOSED = weighKinds("closed");

const periodsOf = (hours: WeeklyHours, ms: number) => {
  const { date, weekday } = localTime(ms, TIMEZONE);
  return hours[DAYS[weekday]!].map(({ open, close }) => ({
    open: atLocalTime(date, open, TIMEZONE),
    close: atLocalTime(date, close, TIMEZONE),
  }));
};

const isOpen = (hours: WeeklyHours, ms: number): boolean =>
  periodsOf(hours, ms).some(({ open, close }) => ms >= open && ms < close);

const dayFormat = new Intl.DateTimeFormat("en-US", {
  weekday: "long",
  month: "long",
  day: "numeric",
  timeZone: TIMEZONE,
});
const timeFormat = new Intl.DateTimeFormat("en-US", {
  hour: "numeric",
  minute: "2-digit",
  timeZone: TIMEZONE,
});
// Intl puts a narrow no-break space before AM and PM, which a search for the text does not match.
const formatTime = (ms: number) =>
  timeFormat.format(ms).replaceAll("\u202f", " ").replace(":00", "");
const formatSlot = (ms: number) => `${dayFormat.format(ms)} at ${formatTime(ms)}`;

/** Three free half hours on three of the next opening days. */
function findSlots(dice: Dice, hours: WeeklyHours, ms: number): [Slot, Slot, Slot] {
  const slots: Slot[] = [];
  for (let day = ms + DAY; slots.length < 3; day += DAY) {
    const [period] = periodsOf(hours, day);
    if (!period || dice.chance(0.35)) continue;
    const halfHours = Math.floor((period.close - period.open - 60 * MINUTE) / (30 * MINUTE));
    const starts = period.open + dice.between(0, halfHours) * 30 * MINUTE;
    slots.push({ starts_at: isoTime(starts), said: formatSlot(starts) });
  }
  return slots as [Slot, Slot, Slot];
}

/** The opening hours as the receptionist says them. */
function formatHours(hours: WeeklyHours, ms: number): string {
  const today = periodsOf(hours, ms)[0];
  const todayText = today
    ? `Today we are open from ${formatTime(today.open)} to ${formatTime(today.close)}.`
    : "Today we are closed.";
  const closed = DAYS.filter((day) => hours[day].length === 0).map(
    (day) => `${day[0]!.toUpperCase()}${day.slice(1)}s`,
  );
  return `${todayText} We are closed on ${closed.length > 1 ? `${closed.slice(0, -1).join(", ")} and ${closed.at(-1)}` : closed[0]}.`;
}

interface CallFacts {
  story: Story;
  caller: Caller;
  startedAt: number;
  dice: Dice;
  location: { id: string; phone_number: string };
}

function recordOf({ story, caller, startedAt, dice, location }: CallFacts): CallRecord {
  const { said, intent, escalation, direction = "inbound", ...rest } = story;
  const transcript = transcribe(said, dice);
  const durationSeconds =
    said.length === 0 ? dice.between(8, 25) : transcript.at(-1)!.at + dice.between(2, 5);
  const at = (seconds: number) => isoTime(startedAt + Math.round(seconds) * SECOND);
  const [from_number, to_number] =
    direction === "inbound"
      ? [caller.number, location.phone_number]
      : [location.phone_number, caller.number];
  const isIdentified = !rest.unscorable && !rest.spam && said.length > 2;
  return {
    external_id: `CA${Array.from({ length: 16 }, () => dice.between(0, 15).toString(16)).join("")}`,
    direction,
    from_number,
    to_number,
    location_id: location.id,
    started_at: at(0),
    ended_at: at(durationSeconds),
    disposition: "completed",
    ...rest,
    ...(intent && { intent: INTENTS[intent][0], intent_confidence: dice.between(71, 99) / 100 }),
    ...(transcript.length > 0 && { transcript }),
    ...(escalation && {
      escalations: [{ ...escalation.rule, triggered_at: at(transcript[escalation.after - 1]!.at) }],
    }),
    ...(isIdentified && {
      caller: {
        first_name: caller.first,
        last_name: caller.last,
        ...(dice.chance(0.3) && { email: caller.email }),
      },
    }),
    ...(said.length > 4 &&
      dice.chance(0.5) && {
        recording_url: `https://recordings.example/${startedAt.toString(36)}.mp3`,
      }),
  };
}

/** Agent and caller take turns. Each turn starts when the previous one is spoken. */
function transcribe(said: string[], dice: Dice) {
  let at = 1;
  return said.map((text, i) => {
    const turn = {
      role: i % 2 === 0 ? ("agent" as const) : ("caller" as const),
      text,
      at: Math.round(at * 10) / 10,
    };
    at += text.split(" ").length / WORDS_PER_SECOND + PAUSE_SECONDS + dice.between(0, 6) / 10;
    return turn;
  });
}

/** Relative numbers of calls for each hour from midnight, and for each day from Monday. */
const BY_HOUR = [1, 0, 0, 0, 0, 1, 3, 8, 22, 30, 28, 20, 14, 16, 24, 26, 20, 14, 9, 7, 5, 3, 2, 1];
const BY_DAY = [11, 10, 8, 10, 9, 4, 2];

export interface Period {
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  count: number;
}

/** The start times of `count` calls, in ascending order. */
export function callTimes(faker: Faker, { from, to, count }: Period): number[] {
  const busiest = Math.max(...BY_HOUR) * Math.max(...BY_DAY);
  const times: number[] = [];
  while (times.length < count) {
    const time = from + Math.floor(faker.number.float() * (to - from));
    const { hour, weekday } = localTime(time, TIMEZONE);
    if (faker.number.float() * busiest < BY_HOUR[hour]! * BY_DAY[weekday]!) times.push(time);
  }
  return times.sort((a, b) => a - b);
}
