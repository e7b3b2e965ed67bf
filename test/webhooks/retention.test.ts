/** How long deliveries and events are kept. */
import { expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { removeOldDeliveries } from "../../src/webhooks/retention.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWebhookWorld } from "../support/webhooks.ts";

const DAY = 86_400_000;

test(`deliveries and events are kept for ${LIMITS.deliveryDays} days, then deleted, except pending ones`, async () => {
  await using receiver = await startReceiver();
  await using world = startWebhookWorld();
  const { id } = await world.subscribe(receiver.url);
  for (let i = 0; i < 1_200; i += 1) void world.emit();
  await world.store.idle();
  await world.pass(0);
  const count = (table: string) =>
    (world.db.$client.query(`select count(*) as n from ${table}`).get() as { n: number }).n;
  expect([count("events"), count("webhook_deliveries"), count("webhook_attempts")]).toEqual([
    1_200, 1_200, 1_200,
  ]);
  await world.pass(30 * DAY - 1);
  await removeOldDeliveries(world.store);
  expect(count("webhook_deliveries")).toBe(1_200);
  receiver.script([{ status: 500 }]);
  await world.emit();
  await world.pass(2);
  await removeOldDeliveries(world.store);
  expect([count("events"), count("webhook_deliveries"), count("webhook_attempts")]).toEqual([
    1, 1, 1,
  ]);
  expect(world.deliveries(id)).toMatchObject([{ status: "pending" }]);
}, 60_000);
