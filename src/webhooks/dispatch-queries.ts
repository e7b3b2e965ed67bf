/** The statements of the dispatcher, prepared once. */
import { sql } from "drizzle-orm";
import type { Store } from "../store/change.ts";
import { type Db, oncePerDatabase, type WritableDb } from "../store/database.ts";
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
  const pending = sqlite.prepare<object, [number]>(
    "select 1 from webhook_deliveries where seq = ? and status = 'pending'",
  );
  return {
    ...prepareSubscriptionQueries(db),
    ...prepareDueQueries(sqlite),
    isPending: (seq: number) => pending.get(seq) !== null,
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
  return {
    enabledSubscriptions: (): Subscription[] => enabled.all(),
    findSubscription: (id: string): Subscription | undefined => byId.get({ id }),
  };
}

const IS_DUE =
  "status = 'pending' and subscription_id = $subscription and next_attempt_at <= $at and leased_until is null";

function prepareDueQueries(sqlite: Sqlite) {
  const anyDue = sqlite.prepare<object, [Record<string, string>]>(
    `select 1 from webhook_deliveries where ${IS_DUE} limit 1`,
  );
  const nextDue = sqlite.prepare<{ at: string | null }, [string]>(
    "select min(next_attempt_at) as at from webhook_deliveries where status = 'pending' and next_attempt_at > ?",
  );
  return {
    hasDue: (subscription: string, at: string) => anyDue.get({ subscription, at }) !== null,
    /** The time of the next delivery that is due after `at`. */
    nextDue: (at: string) => nextDue.get(at)!.at,
  };
}

/** Takes and returns leases, inside `housekeep()`. */
export const prepareLeases = oncePerDatabase(({ $client: sqlite }: WritableDb) => {
  const claim = sqlite.prepare<{ seq: number }, [Record<string, string | number>]>(
    `update webhook_deliveries set leased_until = $until where seq in (
       select seq from webhook_deliveries where ${IS_DUE} order by next_attempt_at, seq limit $limit
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
    /** Leases at most `limit` due deliveries of a subscription until `until`, the oldest first. */
    claim(subscription: string, at: string, until: string, limit: number): ClaimedDelivery[] {
      const claimed = claim.all({ subscription, at, until, limit }).map(({ seq }) => seq);
      return claimed.length === 0 ? [] : load.all(JSON.stringify(claimed));
    },
    release: (seqs: number[]) => release.run(JSON.stringify(seqs)),
    releaseAll: () => releaseAll.run(),
  };
});

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
