/**
 * Calls counted over a range of time: by local day and hour, by outcome and by intent. However many there are, they are
 * read a bounded number at a time, and other requests have their turn in between.
 */
import { LIMITS } from "../config.ts";
import { datesBetween, localTime } from "../lib/local-time.ts";
import type { Db } from "../store/database.ts";
import type { Overview, Rest } from "./answers.ts";

/** `from` is in it, `to` is not; both ISO 8601 in UTC. */
export interface Range {
  from: string;
  to: string;
  timezone: string;
  /** Null for calls of all locations. */
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
type Tally<K> = Map<K, number>;
type Day = Omit<Overview["days"][number], "outcomes"> & { outcomes: Tally<string> };

const add = <K>(tally: Tally<K>, key: K) => tally.set(key, (tally.get(key) ?? 0) + 1);
const HOURS = 24;
const WEEKDAYS = 7;
/** In every time zone of today, days, hours and changes of the clock begin at a quarter of an hour in UTC. */
const QUARTER_MS = 900_000;

export function createCallCounts({ $client: sqlite }: Db) {
  const within = `started_at >= $from and started_at < $to and ($location is null or location_id = $location)`;
  const rows = sqlite.prepare<CallRow, [Record<string, string | null>]>(
    `select started_at, outcome, intent_id, coalesce(duration_seconds, 0) as seconds, spam or unscorable as hidden
     from calls where ${within} order by started_at`,
  );
  const sums = sqlite.prepare<{ calls: number; seconds: number }, [Record<string, string | null>]>(
    `select count(*) as calls, coalesce(sum(duration_seconds), 0) as seconds
     from calls where ${within} and unscorable = 0 and spam = 0`,
  );
  const border = sqlite.prepare<{ started_at: string }, [string, string]>(
    `select started_at from calls where started_at > ? and started_at < ?
     order by started_at limit 1 offset ${LIMITS.callsCountedAtOnce}`,
  );
  const intentName = sqlite.prepare<{ name: string }, [string]>(
    "select name from intents where id = ?",
  );

  /** Hands the range on in pieces of a bounded number of calls. */
  async function inPieces({ from, to, location }: Range, work: (piece: object) => void) {
    for (let start = from; ; ) {
      const end = border.get(start, to)?.started_at ?? to;
      work({ from: start, to: end, location });
      if (end === to) return;
      start = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  return {
    /** How many calls there were and how long they took together. */
    async sum(range: Range): Promise<Overview["before"]> {
      const total = { calls: 0, seconds: 0 };
      await inPieces(range, (piece) => {
        const { calls, seconds } = sums.get(piece as never)!;
        total.calls += calls;
        total.seconds += seconds;
      });
      return total;
    },

    async count(range: Range): Promise<CallCounts> {
      const { from, to, timezone } = range;
      const local = (ms: number) => localTime(ms, timezone);
      const dates = datesBetween(local(Date.parse(from)).date, local(Date.parse(to) - 1).date);
      const days = new Map<string, Day>();
      const dayOf = (date: string): Day => {
        const day = days.get(date) ?? { date, calls: 0, seconds: 0, outcomes: new Map() };
        days.set(date, day);
        return day;
      };
      for (const date of dates) dayOf(date);
      const outcomes: Tally<string | null> = new Map();
      const intents: Tally<string | null> = new Map();
      const hours = Array.from({ length: WEEKDAYS }, () => Array.from({ length: HOURS }, () => 0));
      const totals = { calls: 0, seconds: 0, hidden: 0 };
      let quarter = Number.NaN;
      let time = local(Date.parse(from));

      await inPieces(range, (piece) => {
        for (const { started_at, outcome, intent_id, seconds, hidden } of rows.all(
          piece as never,
        )) {
          if (hidden) {
            totals.hidden += 1;
            continue;
          }
          const ms = Date.parse(started_at);
          // They come in order, so most are of the quarter of the one before.
          if (Math.floor(ms / QUARTER_MS) !== quarter) {
            quarter = Math.floor(ms / QUARTER_MS);
            time = local(ms);
          }
          const day = dayOf(time.date);
          day.calls += 1;
          day.seconds += seconds;
          add(day.outcomes, outcome ?? "");
          hours[time.weekday]![time.hour]! += 1;
          add(outcomes, outcome);
          add(intents, intent_id);
          totals.calls += 1;
          totals.seconds += seconds;
        }
      });

      const byOutcome = ranked(outcomes, LIMITS.rankedOutcomes);
      const byIntent = ranked(intents, LIMITS.rankedIntents);
      const named = new Set(byOutcome.first.map(({ key }) => key ?? ""));
      return {
        days: [...days.values()].map((day) => ({
          ...day,
          outcomes: Object.fromEntries([...day.outcomes].filter(([name]) => named.has(name))),
        })),
        outcomes: byOutcome.first.map(({ key, calls }) => ({ outcome: key, calls })),
        other_outcomes: byOutcome.rest,
        intents: byIntent.first.map(({ key, calls }) => ({
          intent_id: key,
          name: key === null ? null : (intentName.get(key)?.name ?? null),
          calls,
        })),
        other_intents: byIntent.rest,
        hours,
        totals,
      };
    },
  };
}

/** The most frequent first, equal ones by name; those beyond `limit` are summed. */
function ranked(tally: Tally<string | null>, limit: number) {
  const all = [...tally]
    .map(([key, calls]) => ({ key, calls }))
    .sort((a, b) => b.calls - a.calls || ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
  const others = all.slice(limit);
  const rest: Rest = {
    count: others.length,
    calls: others.reduce((sum, { calls }) => sum + calls, 0),
  };
  return { first: all.slice(0, limit), rest };
}
