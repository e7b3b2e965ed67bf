/** `allison webhooks …`: webhook subscriptions and their deliveries. */
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
import { printJson, printMessage, printTable } from "./terminal.ts";

export function webhooksCommand(): Command {
  return new Command("webhooks")
    .description(
      "List webhook subscriptions and their deliveries, send samples and retry failed deliveries.",
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
        "There are no webhook subscriptions yet.",
      );
    });
  });
}

function deliveriesCommand(): Command {
  const command = new Command("deliveries")
    .description("List the newest deliveries of a subscription with their last attempt.")
    .argument("<subscription>", "id of the subscription")
    .addOption(
      new Option("--status <status>", "only deliveries with this status").choices(
        DELIVERY_STATUSES,
      ),
    )
    .addOption(new Option("--event <event>", "only deliveries of this event").choices(EVENT_TYPES))
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks deliveries 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e14 --status failed",
    );
  return withSettings(command, ["data"]).action(async (id: string, options) => {
    await withData(options, async ({ db }) => {
      const history = createDeliveryHistory(db);
      const rows = history.page({
        subscription: requireSubscription(db, id).id,
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
            response: last ? (last.error ?? String(last.status_code)) : "",
            next: next_attempt_at?.slice(0, 19).replace("T", " ") ?? "",
            id,
          };
        }),
        "There are no matching deliveries.",
      );
    });
  });
}

function retryCommand(): Command {
  const command = new Command("retry")
    .description("Retry a failed delivery. A running server sends it within a second.")
    .argument("<delivery>", "id of the delivery")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks retry 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e15",
    );
  return withSettings(command, ["data", "webhookAllow", "webhookCa"]).action(
    async (id: string, options) => {
      await withData(options, async ({ db, store, egress }, actor) => {
        const history = createDeliveryHistory(db);
        const findBoth = () => {
          const delivery = history.find(id.toLowerCase());
          if (!delivery)
            throw new UsageError(`There is no delivery "${id}"; see allison webhooks deliveries.`);
          const subscription = bindSubscriptions(db).find(delivery.subscription_id);
          if (!subscription)
            throw conflict({ subscription: "was deleted; its deliveries cannot be sent any more" });
          return { delivery, subscription };
        };
        await requireReachable(egress, findBoth().subscription.url);
        await store.change(actor, (tx) => {
          // Read again, because a server may have written during the DNS lookup.
          const { delivery, subscription } = findBoth();
          requireEnabled(subscription);
          requireFailed(delivery);
          tx.outbox.sendAgain(delivery.id);
        });
        printDelivery(history.view(findBoth().delivery), options);
      });
    },
  );
}

function testCommand(): Command {
  const command = new Command("test")
    .description(
      "Send a sample of an event to a subscription. A running server sends it within a second.",
    )
    .argument("<subscription>", "id of the subscription")
    .addOption(
      new Option("--event <event>", "which event (default: the first of the subscription)").choices(
        EVENT_TYPES,
      ),
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison webhooks test 019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e14 --event call.ended",
    );
  return withSettings(command, ["data", "webhookAllow", "webhookCa"]).action(
    async (id: string, options) => {
      await withData(options, async ({ db, store, egress }, actor) => {
        const history = createDeliveryHistory(db);
        await requireReachable(egress, requireSubscription(db, id).url);
        const sampleId = await store.change(actor, (tx) =>
          sendTest(tx, requireSubscription(db, id), options.event as EventType | undefined),
        );
        printDelivery(history.view(history.find(sampleId)!), options);
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

function requireSubscription(db: Appliance["db"], id: string): Subscription {
  const subscription = bindSubscriptions(db).find(id);
  if (!subscription)
    throw new UsageError(`There is no webhook subscription "${id}"; see allison webhooks list.`);
  return subscription;
}

function printDelivery(delivery: { id: string }, options: { json?: true }): void {
  if (options.json) printJson(delivery);
  else
    printMessage(`Delivery ${delivery.id} is pending; a running server sends it within a second.`);
}
