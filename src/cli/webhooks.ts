/** `allison webhooks …`: subscriptions and what became of their deliveries, for whoever sits at the machine. */
import { Command, Option } from "commander";
import type { Appliance } from "../appliance.ts";
import { LIMITS, UsageError } from "../config.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { conflict } from "../http/errors.ts";
import { requireEnabled, requireFailed, sendTest } from "../resources/webhook-deliveries.ts";
import { bindSubscriptions, requireReachable } from "../resources/webhook-subscriptions.ts";
import { DELIVERY_STATUSES } from "../store/outbox-tables.ts";
import { createDeliveryHistory } from "../webhooks/deliveries.ts";
import type { Subscription } from "../webhooks/subscriptions.ts";
import { jsonOption, limitOption, withData, withSettings } from "./options.ts";
import { printJson, printTable, say } from "./terminal.ts";

export function webhooksCommand(): Command {
  return new Command("webhooks")
    .description(
      "List webhook subscriptions and their deliveries, send a sample, send a failed one again.",
    )
    .addCommand(listCommand())
    .addCommand(deliveriesCommand())
    .addCommand(retryCommand())
    .addCommand(testCommand());
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List all subscriptions, newest first.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison webhooks list");
  return withSettings(command, ["data"]).action(async (options) => {
    await withData(options, async ({ db }) => {
      const data = allSubscriptions(db);
      if (options.json) return printJson(data);
      printTable(
        data.map(({ id, url, events, enabled, auto_disabled_reason }) => ({
          url,
          events: events.length === EVENT_TYPES.length ? "all" : events.join(", "),
          state: enabled ? "enabled" : (auto_disabled_reason ?? "disabled"),
          id,
        })),
        "There is no webhook subscription yet.",
      );
    });
  });
}

function deliveriesCommand(): Command {
  const command = new Command("deliveries")
    .description("List the newest deliveries of a subscription with their last attempt.")
    .argument("<subscription>", "the subscription's id")
    .addOption(new Option("--status <status>", "only these").choices(DELIVERY_STATUSES))
    .addOption(new Option("--event <event>", "only of this event").choices(EVENT_TYPES))
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks deliveries 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e14 --status failed",
    );
  return withSettings(command, ["data"]).action(async (given: string, options) => {
    await withData(options, async ({ db }) => {
      const history = createDeliveryHistory(db);
      const rows = history.page({
        subscription: subscriptionOf(db, given).id,
        status: options.status ?? null,
        event: options.event ?? null,
        sort: history.newest,
        last: "",
        limit: options.limit,
      });
      const shown = rows.map(history.view);
      if (options.json) return printJson(shown);
      printTable(
        shown.map(({ id, event_type, status, created_at, attempts, next_attempt_at }) => {
          const last = attempts.at(-1);
          return {
            created: created_at.slice(0, 19).replace("T", " "),
            event: event_type,
            status,
            attempts: String(attempts.length),
            answer: last ? (last.error ?? String(last.status_code)) : "",
            next: next_attempt_at?.slice(0, 19).replace("T", " ") ?? "",
            id,
          };
        }),
        "No delivery fits.",
      );
    });
  });
}

function retryCommand(): Command {
  const command = new Command("retry")
    .description("Send a failed delivery again; a running server does it within a second.")
    .argument("<delivery>", "the delivery's id")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks retry 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e15",
    );
  return withSettings(command, ["data", "webhookAllow", "webhookCa"]).action(
    async (given: string, options) => {
      await withData(options, async ({ db, store, egress }, actor) => {
        const history = createDeliveryHistory(db);
        const found = () => {
          const delivery = history.find(given.toLowerCase());
          if (!delivery)
            throw new UsageError(`There is no delivery "${given}"; see webhooks deliveries.`);
          const subscription = bindSubscriptions(db).find(delivery.subscription_id);
          if (!subscription)
            throw conflict({ subscription: "is deleted; nothing can be sent to it any more" });
          return { delivery, subscription };
        };
        await requireReachable(egress, found().subscription.url);
        await store.change(actor, (tx) => {
          // Read again: a server may have written while the address was looked up.
          const { delivery, subscription } = found();
          requireEnabled(subscription);
          requireFailed(delivery);
          tx.outbox.sendAgain(delivery.id);
        });
        tell(history.view(found().delivery), options);
      });
    },
  );
}

function testCommand(): Command {
  const command = new Command("test")
    .description(
      "Send a sample of an event to a subscription; a running server does it within a second.",
    )
    .argument("<subscription>", "the subscription's id")
    .addOption(
      new Option(
        "--event <event>",
        "which event; the first it is for where nothing is said",
      ).choices(EVENT_TYPES),
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks test 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e14 --event call.ended",
    );
  return withSettings(command, ["data", "webhookAllow", "webhookCa"]).action(
    async (given: string, options) => {
      await withData(options, async ({ db, store, egress }, actor) => {
        const history = createDeliveryHistory(db);
        await requireReachable(egress, subscriptionOf(db, given).url);
        const id = await store.change(actor, (tx) =>
          sendTest(tx, subscriptionOf(db, given), options.event as EventType | undefined),
        );
        tell(history.view(history.find(id)!), options);
      });
    },
  );
}

function allSubscriptions(db: Appliance["db"]): Subscription[] {
  const subscriptions = bindSubscriptions(db);
  const all: object[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = subscriptions.list({ limit: String(LIMITS.pageMax), cursor });
    all.push(...page.data);
    if (page.next_cursor === null) return all as Subscription[];
    cursor = page.next_cursor;
  }
}

function subscriptionOf(db: Appliance["db"], id: string): Subscription {
  const subscription = bindSubscriptions(db).find(id);
  if (!subscription)
    throw new UsageError(`There is no webhook subscription "${id}"; see webhooks list.`);
  return subscription;
}

function tell(delivery: { id: string }, options: { json?: true }): void {
  if (options.json) printJson(delivery);
  else say(`Delivery ${delivery.id} is waiting; a running server sends it within a second.`);
}
