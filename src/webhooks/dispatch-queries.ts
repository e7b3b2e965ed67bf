/** The statements of the dispatcher, prepared once. */
import { sql } from "drizzle-orm";
import type { Store } from "../store/change.ts";
import type { Db } from "../store/open.ts";
import type { Outcome } from "./egress.ts";
import { type Subscription, webhookSubscriptions } from "./subscriptions.ts";

/** A delivery that this process is sending, with the text to send. */
export interface ClaimedDelivery {
  seq: number;
  subscription_id: string;
  attempts_made: number;
  test: number;
  event_id: string;
  body: string;
}

export type DispatchQueries = ReturnType<typeof prepareDispatchQueries>;

export function prepareDispatchQueries({ db }: Store) {
  const sqlite = db.$client;
  return {
    ...prepareSubscriptionQueries(db),
    ...prepareClaims(sqlite),
    ...prepareOutcomes(sqlite),
    hasForeignCommit: prepareForeignCommitCheck(sqlite),
  };
}

type Sqlite = Db["$client"];

function prepareSubscriptionQueries(db: Db) {
  const enabled = db.select().from(webhookSubscriptions).where(sql`enabled = 1`).prepare();
  const byId = db
    .select()
    .from(webhookSubscriptions)
    .where(sql`id = ${sql.placeholder("id")}`)
    .prepare();
  const saveHealth = db.$client.prepare(
    "update webhook_subscriptions set consecutive_failures = $failures, failing_since = $since where id = $id",
  );
  return {
    enabledSubscriptions: (): Subscription[] => enabled.all(),
    findSubscription: (id: string): Subscription | undefined => byId.get({ id }),
    saveHealth: (id: string, failures: number, since: string | null) =>
      saveHealth.run({ id, failures, since }),
  };
}

function prepareClaims(sqlite: Sqlite) {
  const due = `status = 'pending' and subscription_id = $subscription and next_attempt_at <= $at and leased_until is null`;
  const anyDue = sqlite.prepare(`select 1 from webhook_deliveries where ${due} limit 1`);
  const nextDue = sqlite.prepare<{ at: string | null }, [string]>(
    "select min(next_attempt_at) as at from webhook_deliveries where status = 'pending' and next_attempt_at > ?",
  );
  const claim = sqlite.prepare<{ seq: number }, [Record<string, string | number>]>(
    `update webhook_deliveries set leased_until = $until where seq in (
       select seq from webhook_deliveries where ${due} order by next_attempt_at, seq limit $limit
     ) returning seq`,
  );
  const load = sqlite.prepare<ClaimedDelivery, [string]>(
    `select d.seq, d.subscription_id, d.attempts_made, d.test, e.id as event_id, e.body
     from json_each(?) as given
     join webhook_deliveries as d on d.seq = given.value
     join events as e on e.seq = d.event_seq
     order by d.next_attempt_at, d.seq`,
  );
  const release = sqlite.prepare(
    "update webhook_deliveries set leased_until = null where status = 'pending' and seq in (select value from json_each(?))",
  );
  const releaseAll = sqlite.prepare(
    "update webhook_deliveries set leased_until = null where leased_until is not null",
  );
  return {
    hasDue: (subscription: string, at: string) => anyDue.get({ subscription, at }) !== null,
    /** The time of the next delivery that is due after `at`. */
    nextDue: (at: string) => nextDue.get(at)!.at,
    /** Leases at most `limit` due deliveries of a subscription until `until`, the oldest first. */
    claim(subscription: string, at: string, until: string, limit: number): ClaimedDelivery[] {
      const claimed = claim.all({ subscription, at, until, limit }).map(({ seq }) => seq);
      return claimed.length === 0 ? [] : load.all(JSON.stringify(claimed));
    },
    release: (seqs: number[]) => release.run(JSON.stringify(seqs)),
    releaseAll: () => releaseAll.run(),
  };
}

function prepareOutcomes(sqlite: Sqlite) {
  const pending = sqlite.prepare(
    "select 1 from webhook_deliveries where seq = ? and status = 'pending'",
  );
  const addAttempt = sqlite.prepare(
    `insert into webhook_attempts (delivery_seq, attempt, at, status_code, error, duration_ms, answer)
     select $seq, coalesce(max(attempt), 0) + 1, $at, $status, $error, $duration, $answer
     from webhook_attempts where delivery_seq = $seq`,
  );
  const finish = sqlite.prepare(
    `update webhook_deliveries set status = $status, next_attempt_at = $next, attempts_made = $made, leased_until = null
     where seq = $seq and status = 'pending'`,
  );
  return {
    isPending: (seq: number) => pending.get(seq) !== null,
    addAttempt(seq: number, at: string, { statusCode, error, durationMs, answer }: Outcome) {
      addAttempt.run({ seq, at, status: statusCode, error, duration: durationMs, answer });
    },
    /** Ends the lease. Changes nothing else of a delivery that was cancelled meanwhile. */
    finish(seq: number, status: string, next: string | null, made: number) {
      finish.run({ seq, status, next, made });
    },
  };
}

/** Returns whether another process has committed since the last call. */
function prepareForeignCommitCheck(sqlite: Sqlite): () => boolean {
  const dataVersion = sqlite.prepare<{ data_version: number }, []>("pragma data_version");
  let seenVersion = dataVersion.get()!.data_version;
  return () => {
    const { data_version } = dataVersion.get()!;
    const isForeign = data_version !== seenVersion;
    seenVersion = data_version;
    return isForeign;
  };
}
