/** The library of Standard Webhooks takes what a trigger sends, also from a mock whose clock stands in another year. */
import { expect, test } from "bun:test";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { createClient } from "../support/client.ts";
import { startReceiver } from "../support/receiver.ts";
import { startMockServer } from "./world.ts";

test("each event that is triggered arrives at a receiver on this machine, and is genuine", async () => {
  await using mock = await startMockServer(1, ["--now", "2027-03-01T09:00:00Z"]);
  await using receiver = await startReceiver();
  const client = createClient(mock.url, mock.write_key);
  const subscription = { url: receiver.url, events: EVENT_TYPES };
  const { secret } = (await client.post("/v1/webhook-subscriptions", subscription)).body;

  const raised: { id: string; type: string }[] = [];
  for (const event of EVENT_TYPES) {
    const answer = await client.post("/mock/trigger", { event });
    expect([event, answer.status, answer.body.data.deliveries]).toEqual([event, 200, 1]);
    raised.push(answer.body.data.event);
  }

  const received = await receiver.received(EVENT_TYPES.length);
  const webhook = new Webhook(secret);
  const verified = received.map(
    ({ body, headers }) => webhook.verify(body, headers) as { id: string; type: string },
  );
  const events = verified.map(({ id, type }) => ({ id, type }));
  expect(events.sort(byId)).toEqual(raised.map(({ id, type }) => ({ id, type })).sort(byId));

  const [first] = received;
  expect(() => webhook.verify(`${first!.body} `, first!.headers)).toThrow(WebhookVerificationError);
}, 20_000);

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
