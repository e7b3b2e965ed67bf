/**
 * Simulates weeks of webhooks in seconds: seeded receivers that fail and recover, outages, restarts, rotations and
 * disabled subscriptions, under a test clock. The invariants are checked after each step. A failure prints its seed.
 */
import { expect, test } from "bun:test";
import { verifyAuditLog } from "../../src/audit/log.ts";
import type { Egress, Outcome } from "../../src/webhooks/egress.ts";
import { ATTEMPT_DELAYS_MS } from "../../src/webhooks/schedule.ts";
import { newSecret, webhookSubscriptionEntity } from "../../src/webhooks/subscriptions.ts";
import { createTestClock } from "../support/clock.ts";
import { seededRandom } from "../support/random.ts";
import { AUDIT_KEY } from "../support/store.ts";
import { ACTOR, startWebhookWorld, type WebhookWorld } from "../support/webhooks.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STEPS = 1_000;
const START = Date.parse("2026-11-23T10:00:00.000Z");
const MAX_SUBSCRIPTIONS = 5;
const CONDITIONS = ["healthy", "healthy", "healthy", "failing", "unreachable", "flaky"] as const;
type Condition = (typeof CONDITIONS)[number];
type SeededRandom = ReturnType<typeof seededRandom>;

/** The simulated receivers. Only the network is simulated; the egress has tests of its own over real sockets. */
class Network {
  readonly conditions = new Map<string, Condition>();
  readonly sent: { url: string; event: string; at: number; isSuccess: boolean }[] = [];
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  respond(url: string, event: string, at: number): Outcome {
    const condition = this.conditions.get(url)!;
    const isSuccess =
      condition === "healthy" || (condition === "flaky" && this.#random.below(2) === 0);
    this.sent.push({ url, event, at, isSuccess });
    if (isSuccess) return { statusCode: 200, error: null, answer: "", durationMs: 5 };
    if (condition === "unreachable")
      return { statusCode: null, error: "no response", answer: null, durationMs: 9 };
    return { statusCode: 503, error: null, answer: "no", durationMs: 7 };
  }
}

interface Simulation {
  seed: number;
  random: SeededRandom;
  network: Network;
  world: WebhookWorld;
  subscriptions: { url: string; id: string; created: number }[];
  violations: string[];
}

async function simulate(seed: number): Promise<string> {
  const random = seededRandom(seed);
  const clock = createTestClock(START);
  const network = new Network(random);
  const subscriptions: Simulation["subscriptions"] = [];
  const violations: string[] = [];
  const egress: Egress = {
    check: async () => null,
    async post(url, { headers }) {
      const { id } = subscriptions.find((one) => one.url === url)!;
      if (!world.subscription(id).enabled) violations.push(`${url} is disabled and was sent to`);
      return network.respond(url, headers["webhook-id"]!, clock.now());
    },
  };
  await using world = startWebhookWorld({ clock, random, egress });
  const simulation = { seed, random, network, world, subscriptions, violations };

  const actions = { ...networkActions(simulation), ...subscriptionActions(simulation) };
  const names = [...FREQUENT, ...Object.keys(actions)] as (keyof typeof actions)[];
  for (let step = 0; step < STEPS; step += 1) {
    const name = names[random.below(names.length)]!;
    await actions[name]();
    await world.pass(0);
    checkInvariants(simulation, `step ${step} (${name})`);
  }
  expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({ intact: true });
  checkNoRepeats(simulation);
  const days = (clock.now() - START) / (24 * HOUR);
  expect(days).toBeGreaterThan(21);
  return JSON.stringify({ sent: network.sent, days });
}

/** Actions that are drawn more often than the others. */
const FREQUENT = [
  "subscribe",
  "emit",
  "emit",
  "emit",
  "pass",
  "pass",
  "wait",
  "changeCondition",
  "changeCondition",
];

function networkActions({ random, network, world, subscriptions }: Simulation) {
  const { conditions } = network;
  return {
    async changeCondition() {
      if (subscriptions.length === 0) return;
      const { url } = subscriptions[random.below(subscriptions.length)]!;
      conditions.set(url, CONDITIONS[random.below(CONDITIONS.length)]!);
    },
    async breakAll() {
      for (const { url } of subscriptions) conditions.set(url, "unreachable");
    },
    async recoverAll() {
      for (const { url } of subscriptions) conditions.set(url, "healthy");
    },
    async restart() {
      await world.dispatcher().stop();
      world.restart();
    },
    async crash() {
      await world.dispatcher().stop();
      // A killed process leaves its leases on disk and records nothing.
      await world.store.housekeep((db) =>
        db.$client.run(
          "update webhook_deliveries set leased_until = '2999-01-01' where status = 'pending'",
        ),
      );
      world.restart();
    },
    pass: () => world.pass(random.below(20) * MINUTE),
    wait: () => world.pass(random.below(30) * HOUR),
  };
}

function subscriptionActions({ random, network, world, subscriptions }: Simulation) {
  const pickId = () => subscriptions[random.below(subscriptions.length)]!.id;
  return {
    async subscribe() {
      if (subscriptions.length >= MAX_SUBSCRIPTIONS) return;
      const url = `https://receiver-${subscriptions.length}.example/hook`;
      network.conditions.set(url, "healthy");
      subscriptions.push({ url, id: (await world.subscribe(url)).id, created: 0 });
    },
    async emit() {
      for (let n = random.below(5); n >= 0; n -= 1) {
        for (const one of subscriptions) if (world.subscription(one.id).enabled) one.created += 1;
        await world.emit();
      }
    },
    async rotate() {
      if (subscriptions.length === 0) return;
      const id = pickId();
      const { stored } = newSecret(id, world.vault, random);
      await world.store.change(ACTOR, (tx) =>
        tx.update(webhookSubscriptionEntity, world.subscription(id), stored),
      );
    },
    async disable() {
      if (subscriptions.length > 0) await world.patch(pickId(), { enabled: false });
    },
    async enable() {
      if (subscriptions.length > 0) await world.patch(pickId(), { enabled: true });
    },
    async retryFailed() {
      const failed = world.db.$client
        .query(
          `select d.id from webhook_deliveries d join webhook_subscriptions s on s.id = d.subscription_id
           where d.status = 'failed' and s.enabled = 1 order by d.seq limit 3`,
        )
        .all() as { id: string }[];
      for (const { id } of failed) await world.store.change(ACTOR, (tx) => tx.outbox.sendAgain(id));
    },
  };
}

function checkInvariants(simulation: Simulation, step: string): void {
  const { seed, network, world, subscriptions, violations } = simulation;
  const sqlite = world.db.$client;
  const where = `seed ${seed}, after ${step}`;
  const count = (query: string, ...values: string[]) =>
    (sqlite.query(`select count(*) as n from ${query}`).get(...values) as { n: number }).n;
  expect([where, violations]).toEqual([where, []]);
  for (const { id, created } of subscriptions) {
    const ofSubscription = "webhook_deliveries where subscription_id = ?";
    expect([where, count(ofSubscription, id)]).toEqual([where, created]);
    if (world.subscription(id).enabled) continue;
    const pending = count(`${ofSubscription} and status = 'pending'`, id);
    expect([where, pending]).toEqual([where, 0]);
  }
  expect([where, count("webhook_attempts")]).toEqual([where, network.sent.length]);
  for (const inconsistent of [
    "status not in ('succeeded', 'pending', 'failed', 'cancelled')",
    "(status = 'pending') <> (next_attempt_at is not null)",
    `attempts_made > ${ATTEMPT_DELAYS_MS.length}`,
  ]) {
    const rows = count(`webhook_deliveries where ${inconsistent}`);
    expect([where, inconsistent, rows]).toEqual([where, inconsistent, 0]);
  }
}

/** At least once is promised. No crash here comes between sending and recording, so nothing is sent twice. */
function checkNoRepeats({ seed, network }: Simulation): void {
  const delivered = new Set<string>();
  for (const { url, event, isSuccess } of network.sent) {
    expect([seed, delivered.has(`${url} ${event}`)]).toEqual([seed, false]);
    if (isSuccess) delivered.add(`${url} ${event}`);
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "created = delivered + pending + failed + cancelled, and nothing is sent to a disabled subscription (seed %i)",
  async (seed) => {
    await simulate(seed);
  },
  60_000,
);

test("the invariants hold for a random seed, which a failure prints", async () => {
  await simulate(Math.floor(Math.random() * 1e9));
}, 60_000);

test("the same seed replays the same simulation", async () => {
  expect(await simulate(42)).toBe(await simulate(42));
}, 60_000);
