/** A store with subscriptions and a dispatcher, in a database file, under a test clock. */
import { join } from "node:path";
import { createVault, type Vault } from "../../src/access/vault.ts";
import { EVENT_TYPES, type EventType } from "../../src/contract/event-types.ts";
import { createIds } from "../../src/lib/ids.ts";
import { parseCidr } from "../../src/lib/ip.ts";
import { createLog, type Log } from "../../src/lib/log.ts";
import { type Random, systemRandom } from "../../src/lib/random.ts";
import { sampleOf } from "../../src/resources/events.ts";
import { bindSubscriptions } from "../../src/resources/webhook-subscriptions.ts";
import { systemActor } from "../../src/store/actor.ts";
import { createStore, type Store } from "../../src/store/change.ts";
import { closeDatabase, openDatabase } from "../../src/store/open.ts";
import { createDeliveryHistory } from "../../src/webhooks/deliveries.ts";
import { createDispatcher } from "../../src/webhooks/dispatcher.ts";
import { createEgress, type Egress, type EgressOptions } from "../../src/webhooks/egress.ts";
import {
  newSecret,
  type Subscription,
  webhookSubscriptionEntity,
} from "../../src/webhooks/subscriptions.ts";
import { createTestClock, type TestClock } from "./clock.ts";
import { temporaryDirectory } from "./directory.ts";
import { AUDIT_KEY } from "./store.ts";

export const ACTOR = systemActor("test");

export interface WebhookOptions {
  clock?: TestClock;
  random?: Random;
  egress?: Egress;
  /** The limits of the real egress, which allows loopback. */
  limits?: EgressOptions["limits"];
  log?: Log;
}

export type WebhookWorld = ReturnType<typeof createWebhookWorld>;

export function createWebhookWorld(options: WebhookOptions = {}) {
  const directory = temporaryDirectory();
  const clock = options.clock ?? createTestClock();
  const random = options.random ?? systemRandom;
  const vault = createVault(new Uint8Array(32).fill(7), random);
  const egress =
    options.egress ?? createEgress({ allow: [parseCidr("127.0.0.0/8")], limits: options.limits });
  const db = openDatabase(join(directory.path, "data"), { create: true, auditKey: AUDIT_KEY });
  const store = createStore(db, clock, createIds(clock, random), AUDIT_KEY);
  const log = options.log ?? createLog("silent");
  const newDispatcher = () => createDispatcher({ store, clock, vault, egress, log });
  let dispatcher = newDispatcher();

  return Object.assign(createSubscriptionActions(store, vault, random), {
    clock,
    db,
    store,
    vault,
    dispatcher: () => dispatcher,
    /** As a new process does: starts another dispatcher, which shares only the file with the previous one. */
    restart() {
      dispatcher = newDispatcher();
      dispatcher.start();
    },
    /** Advances the clock and waits until no delivery is due or under way. */
    async pass(ms: number) {
      clock.advance(ms);
      await Bun.sleep(0);
      await dispatcher.settled();
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.stop();
      await store.idle();
      closeDatabase(db);
      directory[Symbol.dispose]();
    },
  });
}

/** A world whose dispatcher runs. */
export function startWebhookWorld(options: WebhookOptions = {}): WebhookWorld {
  const world = createWebhookWorld(options);
  world.dispatcher().start();
  return world;
}

function createSubscriptionActions(store: Store, vault: Vault, random: Random) {
  const subscriptions = bindSubscriptions(store.db);
  const history = createDeliveryHistory(store.db);
  return {
    subscribe: (url: string, events: readonly EventType[] = EVENT_TYPES) =>
      store.change(ACTOR, (tx) => {
        const id = tx.newId();
        const { secret, stored } = newSecret(id, vault, random);
        subscriptions.create(tx, {
          id,
          url,
          description: null,
          events: [...events],
          enabled: true,
          ...stored,
          auto_disabled_reason: null,
          consecutive_failures: 0,
          failing_since: null,
        });
        return { id, secret };
      }),
    subscription: (id: string): Subscription => subscriptions.find(id)!,
    /** As a PATCH request does. */
    patch: (id: string, body: object) =>
      store.change(ACTOR, (tx) => subscriptions.update(tx, subscriptions.find(id)!, body as never)),
    remove: (id: string) =>
      store.change(ACTOR, (tx) => {
        tx.outbox.cancelPending(id);
        tx.remove(webhookSubscriptionEntity, subscriptions.find(id)!);
      }),
    emit: (type: EventType = "call.ended", data: object = sampleOf(type)) =>
      store.change(ACTOR, (tx) => tx.emit(type, data)),
    /** All deliveries of a subscription, oldest first. */
    deliveries: (id: string) =>
      history
        .page({
          subscription: id,
          status: null,
          event: null,
          sort: history.newest,
          last: "",
          limit: 1_000_000,
        })
        .map(history.view)
        .reverse(),
  };
}
