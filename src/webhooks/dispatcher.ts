/**
 * The dispatcher: sends what the outbox holds. A delivery is claimed, sent and recorded; a crash between any two of these
 * leaves it pending, so it is sent at least once. Each subscription has a lane of its own, so a slow one delays no other.
 * While a subscription is healthy its lane sends one after the other, in the order of the events; while it fails, order is
 * lost to the retries anyway and several are tried at once. Memory holds what is being sent, never the backlog.
 */
import { sql } from "drizzle-orm";
import type { Vault } from "../access/vault.ts";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { systemActor } from "../store/actor.ts";
import type { Store, Transaction } from "../store/change.ts";
import type { Egress, Outcome } from "./egress.ts";
import { FAILING_TO_DISABLE_MS, FAILURES_TO_DISABLE, nextAttempt } from "./schedule.ts";
import { signedHeaders } from "./sign.ts";
import {
  type Subscription,
  secretPurpose,
  webhookSubscriptionEntity,
  webhookSubscriptions,
} from "./subscriptions.ts";

export interface DispatcherServices {
  store: Store;
  clock: Clock;
  vault: Vault;
  egress: Egress;
  log: Log;
  /** Whose time a signature tells, where that is another: receivers compare it with their own. */
  signingClock?: Clock;
}

export interface Dispatcher {
  /** Begins to send, with what an earlier process left. */
  start(): void;
  /** Notices what another process wrote, such as a resend from the command line; to be called now and then. */
  look(): void;
  /** Sends nothing new, waits for what is under way, and leaves the rest for the next start. */
  stop(): Promise<void>;
  /** Resolves when nothing that is due now waits or is under way. */
  settled(): Promise<void>;
}

/** A delivery on its way out. */
interface Claimed {
  seq: number;
  subscription_id: string;
  attempts_made: number;
  test: number;
  event_id: string;
  body: string;
}

const ACTOR = systemActor("webhooks");
/** Written with the claim; a lease that outlived its process is taken back at the next start. */
const LEASE_MS = 15 * 60_000;
/** The longest sleep, so that a changed wall clock is noticed. */
const LONGEST_SLEEP_MS = 60_000;

export function createDispatcher({
  store,
  clock,
  vault,
  egress,
  log,
  signingClock = clock,
}: DispatcherServices): Dispatcher {
  const queries = prepareQueries(store);
  const lanes = new Map<string, Set<Promise<void>>>();
  let running = false;
  let pumping: Promise<void> | null = null;
  let again = false;
  let leftovers = false;
  let cancelSleep = () => {};

  function wake(): void {
    if (!running) return;
    again = true;
    pumping ??= pump()
      .catch((error) => log.error({ err: error }, "webhook dispatcher"))
      .finally(() => {
        pumping = null;
        if (again) wake();
      });
  }

  /** Fills every lane that has room with what is due, then sleeps until the next is. */
  async function pump(): Promise<void> {
    again = false;
    if (leftovers) {
      // Nobody else can be sending them: there is one server to a directory.
      await store.housekeep(() => queries.releaseAll());
      leftovers = false;
    }
    const ready = queries
      .enabled()
      .filter((subscription) => room(subscription) > 0 && queries.anyDue(subscription.id, now()));
    if (ready.length > 0) {
      const claimed = await store.housekeep((_db, at) =>
        ready.map((subscription) => claim(subscription, at)),
      );
      for (const [index, deliveries] of claimed.entries()) occupy(ready[index]!, deliveries);
    }
    sleep();
  }

  const now = () => isoTime(clock.now());
  const lane = (id: string) => lanes.get(id)?.size ?? 0;
  const room = ({ id, failing_since }: Subscription) =>
    failing_since === null
      ? lane(id) === 0
        ? LIMITS.deliveriesClaimed
        : 0
      : LIMITS.deliveriesAtOnce - lane(id);

  function claim(subscription: Subscription, at: string): Claimed[] {
    return queries.claim(subscription.id, at, isoTime(clock.now() + LEASE_MS), room(subscription));
  }

  function occupy(subscription: Subscription, deliveries: Claimed[]): void {
    if (deliveries.length === 0) return;
    const busy = lanes.get(subscription.id) ?? new Set();
    lanes.set(subscription.id, busy);
    const add = (work: Promise<void>) => {
      const done = work
        .catch((error) =>
          log.error({ err: error, subscription_id: subscription.id }, "webhook delivery"),
        )
        .finally(() => {
          busy.delete(done);
          if (busy.size === 0) lanes.delete(subscription.id);
          wake();
        });
      busy.add(done);
    };
    if (subscription.failing_since === null) add(sendInOrder(subscription, deliveries));
    else for (const delivery of deliveries) add(send(subscription, delivery).then(() => {}));
  }

  /** One after the other. After a failure the rest goes back, to be tried as a failing lane's. */
  async function sendInOrder(subscription: Subscription, deliveries: Claimed[]): Promise<void> {
    const records: Promise<void>[] = [];
    for (const [index, delivery] of deliveries.entries()) {
      if (!running || !queries.stillPending(delivery.seq)) continue;
      const { recorded, succeeded } = await attempt(subscription, delivery);
      records.push(recorded);
      if (succeeded || delivery.test) continue;
      await Promise.all(records);
      await release(deliveries.slice(index + 1));
      return;
    }
    await Promise.all(records);
    if (!running) await release(deliveries);
  }

  async function send(subscription: Subscription, delivery: Claimed): Promise<void> {
    await (await attempt(subscription, delivery)).recorded;
  }

  const release = (deliveries: Claimed[]) =>
    store.housekeep(() => queries.release(deliveries.map(({ seq }) => seq)));

  /** Sends once. The record of it is on its way when this resolves; `recorded` resolves when it is on the disk. */
  async function attempt(subscription: Subscription, delivery: Claimed) {
    const at = clock.now();
    // As it is now: address and secret may have been changed since the delivery was claimed.
    const current = queries.subscription(subscription.id) ?? subscription;
    const outcome = await post(current, delivery);
    const succeeded =
      outcome.statusCode !== null && outcome.statusCode >= 200 && outcome.statusCode < 300;
    const recorded = store.change(ACTOR, (tx) => record(tx, delivery, outcome, succeeded, at));
    return { recorded, succeeded };
  }

  async function post(subscription: Subscription, { event_id, body }: Claimed): Promise<Outcome> {
    let secret: string;
    try {
      secret = vault.open(subscription.secret, secretPurpose(subscription.id));
    } catch (error) {
      log.error(
        { err: error, subscription_id: subscription.id },
        "webhook secret cannot be opened",
      );
      return {
        statusCode: null,
        error: "the secret cannot be opened: the key file is another one",
        answer: null,
        durationMs: 0,
      };
    }
    return egress.post(subscription.url, {
      headers: signedHeaders(secret, event_id, body, signingClock.now()),
      body,
    });
  }

  /** Notes an attempt and what follows from it, for the delivery and for its subscription. */
  function record(
    tx: Transaction,
    delivery: Claimed,
    outcome: Outcome,
    succeeded: boolean,
    at: number,
  ): void {
    const made = delivery.attempts_made + 1;
    const next = succeeded || delivery.test ? null : nextAttempt(made, at);
    queries.addAttempt(delivery.seq, isoTime(at), outcome);
    // Cancelled while it was under way: the attempt is told, the delivery stays cancelled.
    const status = succeeded ? "succeeded" : next === null ? "failed" : "pending";
    queries.finish(delivery.seq, status, next === null ? null : isoTime(next), made);
    if (delivery.test) return;
    const subscription = queries.subscription(delivery.subscription_id);
    if (subscription) judge(tx, subscription, succeeded, status === "failed", at);
  }

  /** Keeps a subscription's health, and switches off one that is plainly broken. */
  function judge(
    tx: Transaction,
    subscription: Subscription,
    succeeded: boolean,
    failedForGood: boolean,
    at: number,
  ): void {
    const failures = succeeded ? 0 : subscription.consecutive_failures + (failedForGood ? 1 : 0);
    const since = succeeded ? null : (subscription.failing_since ?? isoTime(at));
    if (failures !== subscription.consecutive_failures || since !== subscription.failing_since) {
      queries.noteHealth(subscription.id, failures, since);
    }
    if (!subscription.enabled || since === null) return;
    const reason =
      failures >= FAILURES_TO_DISABLE
        ? "consecutive_failures"
        : at - Date.parse(since) >= FAILING_TO_DISABLE_MS
          ? "no_success"
          : null;
    if (reason === null) return;
    const current = queries.subscription(subscription.id)!;
    tx.update(webhookSubscriptionEntity, current, { enabled: false, auto_disabled_reason: reason });
    tx.outbox.cancelPending(subscription.id);
    log.warn({ subscription_id: subscription.id, reason }, "webhook subscription switched off");
  }

  function sleep(): void {
    cancelSleep();
    if (!running) return;
    const due = queries.nextDue(now());
    const ms = due === null ? LONGEST_SLEEP_MS : Math.max(0, Date.parse(due) - clock.now());
    cancelSleep = clock.after(Math.min(ms, LONGEST_SLEEP_MS), wake);
  }

  store.onCommit(wake);
  return {
    start() {
      running = true;
      leftovers = true;
      wake();
    },
    look() {
      if (queries.changedElsewhere()) wake();
    },
    async stop() {
      running = false;
      cancelSleep();
      await pumping;
      await Promise.all([...lanes.values()].flatMap((busy) => [...busy]));
    },
    async settled() {
      while (pumping !== null || lanes.size > 0) {
        await pumping;
        await Promise.all([...lanes.values()].flatMap((busy) => [...busy]));
        await store.idle();
      }
    },
  };
}

/** What the dispatcher asks of the database, prepared once. */
function prepareQueries({ db }: Store) {
  const sqlite = db.$client;
  const enabled = db.select().from(webhookSubscriptions).where(sql`enabled = 1`).prepare();
  const one = db
    .select()
    .from(webhookSubscriptions)
    .where(sql`id = ${sql.placeholder("id")}`)
    .prepare();
  const due = `status = 'pending' and subscription_id = $subscription and next_attempt_at <= $at and leased_until is null`;
  const anyDue = sqlite.prepare(`select 1 from webhook_deliveries where ${due} limit 1`);
  const claim = sqlite.prepare<{ seq: number }, [Record<string, string | number>]>(
    `update webhook_deliveries set leased_until = $until where seq in (
       select seq from webhook_deliveries where ${due} order by next_attempt_at, seq limit $limit
     ) returning seq`,
  );
  const load = sqlite.prepare<Claimed, [string]>(
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
  const noteHealth = sqlite.prepare(
    "update webhook_subscriptions set consecutive_failures = $failures, failing_since = $since where id = $id",
  );
  const nextDue = sqlite.prepare<{ at: string | null }, [string]>(
    "select min(next_attempt_at) as at from webhook_deliveries where status = 'pending' and next_attempt_at > ?",
  );
  const dataVersion = sqlite.prepare<{ data_version: number }, []>("pragma data_version");
  let seenVersion = dataVersion.get()!.data_version;
  return {
    enabled: (): Subscription[] => enabled.all(),
    subscription: (id: string): Subscription | undefined => one.get({ id }),
    anyDue: (subscription: string, at: string) => anyDue.get({ subscription, at }) !== null,
    claim(subscription: string, at: string, until: string, limit: number): Claimed[] {
      const claimed = claim.all({ subscription, at, until, limit }).map(({ seq }) => seq);
      return claimed.length === 0 ? [] : load.all(JSON.stringify(claimed));
    },
    release: (seqs: number[]) => release.run(JSON.stringify(seqs)),
    releaseAll: () => releaseAll.run(),
    stillPending: (seq: number) => pending.get(seq) !== null,
    addAttempt(seq: number, at: string, { statusCode, error, durationMs, answer }: Outcome) {
      addAttempt.run({ seq, at, status: statusCode, error, duration: durationMs, answer });
    },
    finish(seq: number, status: string, next: string | null, made: number) {
      finish.run({ seq, status, next, made });
    },
    noteHealth: (id: string, failures: number, since: string | null) =>
      noteHealth.run({ id, failures, since }),
    nextDue: (at: string) => nextDue.get(at)!.at,
    changedElsewhere() {
      const { data_version } = dataVersion.get()!;
      const changed = data_version !== seenVersion;
      seenVersion = data_version;
      return changed;
    },
  };
}

const REMOVE_AT_ONCE = 500;

/** Removes deliveries and events that are older than their time, some at a time so that no write waits for long. */
export async function removeOldDeliveries(store: Store): Promise<void> {
  const sqlite = store.db.$client;
  const deliveries = sqlite.prepare(
    `delete from webhook_deliveries where seq in (
       select seq from webhook_deliveries where created_at < ? and status <> 'pending' order by created_at limit ${REMOVE_AT_ONCE}
     )`,
  );
  const events = sqlite.prepare(
    `delete from events where seq in (
       select seq from events where created_at < ?
       and not exists (select 1 from webhook_deliveries where event_seq = events.seq) order by created_at limit ${REMOVE_AT_ONCE}
     )`,
  );
  for (const statement of [deliveries, events]) {
    let removed = REMOVE_AT_ONCE;
    while (removed >= REMOVE_AT_ONCE) {
      removed = await store.housekeep((_db, at) => {
        const before = isoTime(Date.parse(at) - LIMITS.deliveryDays * 86_400_000);
        return statement.run(before).changes;
      });
    }
  }
}
