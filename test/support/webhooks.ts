/** A store with subscriptions and a dispatcher over it, on a real file, with a clock that a test turns. */
import { join } from "node:path";
import { createVault } from "../../src/access/vault.ts";
import { EVENT_TYPES, type EventType } from "../../src/contract/event-types.ts";
import { createIds } from "../../src/lib/ids.ts";
import { parseCidr } from "../../src/lib/ip.ts";
import { createLog } from "../../src/lib/log.ts";
import { type Random, systemRandom } from "../../src/lib/random.ts";
import { sampleOf } from "../../src/resources/events.ts";
import { bindSubscriptions } from "../../src/resources/webhook-subscriptions.ts";
import { systemActor } from "../../src/store/actor.ts";
import { createStore } from "../../src/store/change.ts";
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

export const ACTOR = systemActor("test");

export interface WebhookOptions {
  clock?: TestClock;
  random?: Random;
  egress?: Egress;
  /** Of the real door, which is open to loopback. */
  limits?: EgressOptions["limits"];
}

export type WebhookWorld = ReturnType<typeof createWebhookWorld>;

export function createWebhookWorld(options: WebhookOptions = {}) {
  const directory = temporaryDirectory();
  const clock = options.clock ?? createTestClock();
  const random = options.random ?? systemRandom;
  const vault = createVault(new Uint8Array(32).fill(7), random);
  const egress =
    options.egress ?? createEgress({ allow: [parseCidr("127.0.0.0/8")], limits: options.limits });
  const ids = createIds(clock, random);
  const db = openDatabase(join(directory.path, "data"), { create: true });
  const store = createStore(db, clock, ids);
  const subscriptions = bindSubscriptions(db);
  const history = createDeliveryHistory(db);
  const newDispatcher = () =>
    createDispatcher({ store, clock, vault, egress, log: createLog("silent") });
  let dispatcher = newDispatcher();

  const world = {
    clock,
    db,
    store,
    vault,
    history,
    get dispatcher() {
      return dispatcher;
    },
    /** What a new process does: another dispatcher over the same file, nothing of the old one kept. */
    restart() {
      dispatcher = newDispatcher();
      dispatcher.start();
    },
    async subscribe(url: string, events: readonly EventType[] = EVENT_TYPES) {
      const { secret, row } = await store.change(ACTOR, (tx) => {
        const id = tx.newId();
        const made = newSecret(id, vault, random);
        return {
          secret: made.secret,
          row: subscriptions.create(tx, {
            ...{ id, url, description: null, events: [...events], enabled: true, ...made.stored },
            ...{ auto_disabled_reason: null, consecutive_failures: 0, failing_since: null },
          }),
        };
      });
      return { id: row.id, secret };
    },
    subscription: (id: string): Subscription => subscriptions.find(id)!,
    /** As a client's PATCH does it. */
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
    /** Turns the clock and waits until everything that fell due is done. */
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
  };
  return world;
}
