/**
 * The dispatcher sends what the outbox holds. A delivery is claimed, sent and recorded. A crash between any two of these
 * steps leaves it pending, so it is sent at least once. Memory holds the deliveries under way, never the backlog.
 */
import { type Clock, isoTime } from "../lib/clock.ts";
import { type AttemptServices, createAttempt } from "./attempts.ts";
import { type DispatchQueries, prepareDispatchQueries, prepareLeases } from "./dispatch-queries.ts";
import { type Assignment, createLanes, type Lanes } from "./lanes.ts";
import { createRetries } from "./retries.ts";
import type { Subscription } from "./subscriptions.ts";

export interface Dispatcher {
  /** Starts to send, beginning with what an earlier process left. */
  start(): void;
  /** Picks up what another process wrote, such as a retry from the command line. To be called regularly. */
  refresh(): void;
  /** Sends nothing new, waits for what is under way, and leaves the rest for the next start. */
  stop(): Promise<void>;
  /** Resolves when no delivery is due or under way. */
  settled(): Promise<void>;
}

/** Written with the claim. The next start releases a lease that outlived its process. */
const LEASE_MS = 15 * 60_000;
/** The longest sleep, so that the dispatcher notices a changed wall clock. */
const LONGEST_SLEEP_MS = 60_000;

export function createDispatcher(services: AttemptServices): Dispatcher {
  const { store, clock, log } = services;
  const queries = prepareDispatchQueries(store);
  let running = false;
  let hasLeftovers = false;
  let cancelSleep = () => {};
  const isRunning = () => running;
  const retries = createRetries(clock, log);
  const pump = createPump(() => retries.untilDone(fillLanes), isRunning);
  const attempt = createAttempt(services, queries, retries);
  const onRoom = pump.wake;
  const lanes = createLanes({ store, clock, log, queries, attempt, retries, isRunning, onRoom });

  /** Fills every lane that has room with due deliveries, then sleeps until the next one is due. */
  async function fillLanes(): Promise<void> {
    if (!running) return;
    if (hasLeftovers) {
      // One server runs on a data directory, so no other process is sending these.
      await store.housekeep((db) => prepareLeases(db).releaseAll());
      hasLeftovers = false;
    }
    const assignments = lanes.assign(readySubscriptions(clock, queries, lanes));
    // No await without a claim: a delivery that falls due between this check and the sleep would wait too long.
    if (assignments.length > 0) await claimDue(services, lanes, assignments);
    cancelSleep();
    if (running) cancelSleep = clock.after(msUntilDue(clock, queries), pump.wake);
  }

  store.onCommit(pump.wake);
  return {
    start() {
      running = true;
      retries.start();
      hasLeftovers = true;
      pump.wake();
    },
    refresh() {
      if (queries.hasForeignCommit()) pump.wake();
    },
    async stop() {
      running = false;
      retries.stop();
      cancelSleep();
      await pump.finished();
      await lanes.finished();
    },
    async settled() {
      while (pump.isBusy() || lanes.isBusy()) {
        await pump.finished();
        await lanes.finished();
        await store.idle();
      }
    },
  };
}

/** The enabled subscriptions that have a due delivery and room in their lane. */
function readySubscriptions(clock: Clock, queries: DispatchQueries, lanes: Lanes): Subscription[] {
  const now = isoTime(clock.now());
  return queries
    .enabledSubscriptions()
    .filter((subscription) => lanes.hasRoom(subscription) && queries.hasDue(subscription.id, now));
}

async function claimDue(
  { store, clock }: AttemptServices,
  lanes: Lanes,
  assignments: Assignment[],
): Promise<void> {
  const claimed = await store.housekeep((db, at) => {
    const until = isoTime(clock.now() + LEASE_MS);
    return assignments.map(({ subscription, limit }) =>
      prepareLeases(db).claim(subscription.id, at, until, limit),
    );
  });
  for (const [index, deliveries] of claimed.entries()) {
    lanes.startSending(assignments[index]!.subscription, deliveries);
  }
}

function msUntilDue(clock: Clock, queries: DispatchQueries): number {
  const due = queries.nextDue(isoTime(clock.now()));
  if (due === null) return LONGEST_SLEEP_MS;
  return Math.min(Math.max(0, Date.parse(due) - clock.now()), LONGEST_SLEEP_MS);
}

/** Runs `work`, which never rejects, when woken, one run at a time. Waking it during a run causes one more run. */
function createPump(work: () => Promise<unknown>, isRunning: () => boolean) {
  let pumping: Promise<void> | null = null;
  let isWoken = false;

  async function run(): Promise<void> {
    isWoken = false;
    await work();
  }

  function wake(): void {
    if (!isRunning()) return;
    isWoken = true;
    pumping ??= run().finally(() => {
      pumping = null;
      if (isWoken) wake();
    });
  }

  return {
    wake,
    isBusy: () => pumping !== null,
    async finished() {
      await pumping;
    },
  };
}
