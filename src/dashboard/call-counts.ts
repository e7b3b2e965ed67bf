/** Counts the calls in a range of time by local day and hour, by outcome and by intent. */
import { LIMITS } from "../config.ts";
import { datesBetween, localTime } from "../lib/local-time.ts";
import type { Db } from "../store/database.ts";
import type { Overview, RankingRest } from "./answers.ts";

/** `from` is inclusive, `to` exclusive; both are ISO 8601 in UTC. */
export interface CountRange {
  from: string;
  to: string;
  timezone: string;
  /** Null for the calls of all locations. */
  location: string | null;
}

export type CallCounts = Pick<
  Overview,
  "days" | "outcomes" | "other_outcomes" | "intents" | "other_intents" | "hours" | "totals"
>;

interface CallRow {
  started_at: string;
  outcome: string | null;
  intent_id: string | null;
  seconds: number;
  hidden: 0 | 1;
}
/** The bound parameters of a query over a range. */
type Range = Record<"from" | "to", string> & { location: string | null };

export function createCallCounts({ $client: sqlite }: Db) {
  const inRange = `started_at >= $from and started_at < $to and ($location is null or location_id = $location)`;
  const rows = sqlite.prepare<CallRow, [Range]>(
    `select started_at, outcome, intent_id, coalesce(duration_seconds, 0) as seconds, spam or unscorable as hidden
     from calls where ${inRange} order by started_at`,
  );
  const sums = sqlite.prepare<Overview["before"], [Range]>(
    `select count(*) as calls, coalesce(sum(duration_seconds), 0) as seconds
     from calls where ${inRange} and unscorable = 0 and spam = 0`,
  );
  const intentName = sqlite.prepare<{ name: string }, [string]>(
    "select name from intents where id = ?",
  );

  return {
    /** Returns the number of calls and their total duration. */
    sumCalls: ({ from, to, location }: CountRange): Overview["before"] =>
      sums.get({ from, to, location })!,

    countCalls(range: CountRange): CallCounts {
      const { from, to, location } = range;
      const tally = new CallTally(range);
      for (const row of rows.iterate({ from, to, location })) tally.addCall(row);
      return tally.toCounts((intentId) => intentName.get(intentId)?.name ?? null);
    },
  };
}

type Tally<K> = Map<K, number>;
type Day = Omit<Overview["days"][number], "outcomes"> & { outcomes: Tally<string> };

const increment = <K>(tally: Tally<K>, key: K) => tally.set(key, (tally.get(key) ?? 0) + 1);
const HOURS = 24;
const WEEKDAYS = 7;
/** In every time zone of today, days, hours and clock changes begin at a quarter of an hour in UTC. */
const QUARTER_MS = 900_000;

/** Adds up calls, which come in the order of their start. */
class CallTally {
  readonly #timezone: string;
  readonly #days = new Map<string, Day>();
  readonly #outcomes: Tally<string | null> = new Map();
  readonly #intents: Tally<string | null> = new Map();
  readonly #hours = Array.from({ length: WEEKDAYS }, () => Array.from({ length: HOURS }, () => 0));
  readonly #totals = { calls: 0, seconds: 0, hidden: 0 };
  #quarter = Number.NaN;
  #time = { date: "", weekday: 0, hour: 0 };

  constructor({ from, to, timezone }: CountRange) {
    this.#timezone = timezone;
    const first = localTime(Date.parse(from), timezone).date;
    const last = localTime(Date.parse(to) - 1, timezone).date;
    for (const date of datesBetween(first, last)) this.#dayOf(date);
  }

  addCall({ started_at, outcome, intent_id, seconds, hidden }: CallRow): void {
    if (hidden) {
      this.#totals.hidden += 1;
      return;
    }
    const { date, weekday, hour } = this.#localTimeOf(Date.parse(started_at));
    const day = this.#dayOf(date);
    day.calls += 1;
    day.seconds += seconds;
    increment(day.outcomes, outcome ?? "");
    this.#hours[weekday]![hour]! += 1;
    increment(this.#outcomes, outcome);
    increment(this.#intents, intent_id);
    this.#totals.calls += 1;
    this.#totals.seconds += seconds;
  }

  /** `nameOf` returns the name of an intent. */
  toCounts(nameOf: (intentId: string) => string | null): CallCounts {
    const outcomes = rankKeys(this.#outcomes, LIMITS.rankedOutcomes);
    const intents = rankKeys(this.#intents, LIMITS.rankedIntents);
    const ranked = new Set(outcomes.first.map(({ key }) => key ?? ""));
    return {
      days: [...this.#days.values()].map((day) => ({
        ...day,
        outcomes: Object.fromEntries([...day.outcomes].filter(([name]) => ranked.has(name))),
      })),
      outcomes: outcomes.first.map(({ key, calls }) => ({ outcome: key, calls })),
      other_outcomes: outcomes.rest,
      intents: intents.first.map(({ key, calls }) => ({
        intent_id: key,
        name: key === null ? null : nameOf(key),
        calls,
      })),
      other_intents: intents.rest,
      hours: this.#hours,
      totals: this.#totals,
    };
  }

  #dayOf(date: string): Day {
    const day = this.#days.get(date) ?? { date, calls: 0, seconds: 0, outcomes: new Map() };
    this.#days.set(date, day);
    return day;
  }

  /** Converts only the first call of each quarter of an hour: the conversion is slow, and most calls share a quarter. */
  #localTimeOf(ms: number) {
    const quarter = Math.floor(ms / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#time = localTime(ms, this.#timezone);
    }
    return this.#time;
  }
}

/** Sorts by frequency, then by name, and sums what is beyond `limit`. */
function rankKeys(tally: Tally<string | null>, limit: number) {
  const all = [...tally]
    .map(([key, calls]) => ({ key, calls }))
    .sort((a, b) => b.calls - a.calls || ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
  const others = all.slice(limit);
  const rest: RankingRest = {
    count: others.length,
    calls: others.reduce((sum, { calls }) => sum + calls, 0),
  };
  return { first: all.slice(0, limit), rest };
}
