/**
 * The demo: a mock whose business receives a call every few seconds. Its programs receive webhooks: one succeeds, one fails
 * often and one always fails.
 */

import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { isoTime } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { CallRecord } from "../platform/record.ts";
import type { CallSource } from "./conversations.ts";
import { fillWithBusiness, storeCall } from "./fill.ts";
import type { MockInstance, MockOptions } from "./instance.ts";
import { type Mock, startMock } from "./server.ts";

const DAYS = 90;
const CALLS = 2_000;
/** The age of the subscriptions: long enough that some deliveries have used all their retries. */
const HISTORY_MS = 72 * 3_600_000;
/** The shortest and the longest pause between two calls. */
const PAUSE_MS = [2_500, 5_500] as const;
/** How long a call is shown as running. */
const TALK_MS = 3_000;

export interface DemoOptions {
  config: MockOptions["config"];
  log: Log;
  seed: number;
  email: string;
}

/** Starts the demo: the mock, the receivers of its webhooks and the calls. */
export async function startDemo(options: DemoOptions): Promise<Mock> {
  const receivers = startReceivers();
  let source: CallSource | null = null;
  const business = { seed: options.seed, calls: CALLS, days: DAYS, organization: null };
  const mock = await startMock({
    ...options,
    strict: false,
    limits: false,
    faults: null,
    time: { start: null, speed: 1 },
    async fill(instance) {
      source = await fillWithBusiness(instance, business, {
        lastMs: HISTORY_MS,
        begin: () => subscribe(instance, receivers.url),
        afterEachCall: () => instance.application.dispatcher.settled(),
      });
    },
  }).catch((error) => {
    receivers.stop();
    throw error;
  });
  const stopCalls = startCalls(() => storeNextCall(mock.instance(), source!), options.log);
  return {
    ...mock,
    async stop() {
      stopCalls();
      await mock.stop();
      receivers.stop();
    },
  };
}

/** Starts the webhook receivers: one that succeeds, one that fails every third time, one that is gone. */
function startReceivers(): { url: string; stop(): void } {
  let requests = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/crm": () => Response.json({ received: true }),
      "/front-desk": () => {
        requests += 1;
        return requests % 3 === 0
          ? Response.json({ error: "The pager service is restarting." }, { status: 503 })
          : Response.json({ paged: "front desk" });
      },
      "/old-booking": () =>
        Response.json({ error: "This booking tool was shut down." }, { status: 410 }),
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => void server.stop(true) };
}

const SUBSCRIPTIONS = [
  {
    path: "/crm",
    description: "Patient records",
    events: ["call.ended", "contact.created", "call.appointment_booked"],
  },
  {
    path: "/front-desk",
    description: "Front desk pager",
    events: ["call.message_taken", "call.callback_requested", "call.escalation_triggered"],
  },
  {
    path: "/old-booking",
    description: "Old booking tool",
    events: ["call.appointment_booked", "call.ended"],
  },
];

/** Creates the subscriptions through the API, as real programs do. */
async function subscribe({ application }: MockInstance, url: string): Promise<void> {
  for (const { path, ...body } of SUBSCRIPTIONS) {
    const request = new Request("http://127.0.0.1/v1/webhook-subscriptions", {
      method: "POST",
      headers: {
        authorization: `Bearer ${MOCK_KEYS.write}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ url: url + path, ...body }),
    });
    const response = await application.elysia.fetch(request);
    if (!response.ok) throw new Error(`a subscription was refused: ${await response.text()}`);
  }
}

/** Stores one call after the other until the returned function is called. */
function startCalls(storeNext: () => Promise<void>, log: Log): () => void {
  let timer: NodeJS.Timeout;
  let isStopped = false;
  const schedule = (ms: number) => {
    if (isStopped) return;
    timer = setTimeout(() => {
      storeNext()
        .catch((error) => log.error({ err: error }, "demo call failed"))
        .finally(() => schedule(PAUSE_MS[0] + Math.random() * (PAUSE_MS[1] - PAUSE_MS[0])));
    }, ms);
  };
  schedule(PAUSE_MS[0]);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Stores a call while it runs, and as a whole shortly after, because a real call takes minutes. */
async function storeNextCall(instance: MockInstance, source: CallSource): Promise<void> {
  const record = shiftToEndNow(source.next(instance.clock.now()));
  const { external_id, direction, from_number, to_number, started_at, caller, transcript } = record;
  const running = { external_id, direction, from_number, to_number, started_at, caller };
  await storeCall(instance, { ...running, transcript: transcript?.slice(0, 2) });
  await Bun.sleep(TALK_MS);
  await storeCall(instance, record);
}

/** Moves a call back by its duration, so that it ends at its original start. */
function shiftToEndNow(record: CallRecord): CallRecord {
  const { started_at, ended_at, escalations } = record;
  const durationMs = Date.parse(ended_at!) - Date.parse(started_at!);
  const earlier = (time: string) => isoTime(Date.parse(time) - durationMs);
  return {
    ...record,
    started_at: earlier(started_at!),
    ended_at: started_at,
    ...(escalations && {
      escalations: escalations.map((each) => ({
        ...each,
        triggered_at: earlier(each.triggered_at),
      })),
    }),
  };
}
