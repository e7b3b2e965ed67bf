/**
 * A demo: a mock with a business that is at work. Its programs listen to webhooks, well and badly, and a call comes in
 * every few seconds.
 */

import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { isoTime } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { CallRecord } from "../platform/record.ts";
import { type Business, type Filled, fillWithBusiness, storeCall } from "./fill.ts";
import { type Mock, type MockOptions, startMock, type World } from "./server.ts";

const DAYS = 90;
const CALLS = 2_000;
/** For so long webhooks have been sent: long enough that some have failed for good. */
const HISTORY_MS = 72 * 3_600_000;
/** Between two calls, and from a call's first word to its end. */
const PAUSE_MS = [2_500, 5_500] as const;
const TALK_MS = 3_000;

export interface DemoOptions {
  config: MockOptions["config"];
  log: Log;
  seed: number;
  email: string;
}

export async function startDemo(options: DemoOptions): Promise<Mock> {
  const { config, log, seed, email } = options;
  const programs = startPrograms();
  let filled: Filled | null = null;
  const business: Business = { ...{ seed, calls: CALLS, days: DAYS }, organization: null };
  const mock = await startMock({
    ...{ config, log, seed, email, strict: false, limits: false, faults: null },
    time: { start: null, speed: 1 },
    async fill(world) {
      filled = await fillWithBusiness(world, business, {
        lastMs: HISTORY_MS,
        before: () => subscribe(world, programs.url),
        between: () => world.application.dispatcher.settled(),
      });
    },
  }).catch((error) => {
    programs.stop();
    throw error;
  });
  const stopCalls = takeCalls(() => ({ world: mock.world(), filled: filled! }), log);
  return {
    ...mock,
    async stop() {
      stopCalls();
      await mock.stop();
      programs.stop();
    },
  };
}

/** The business's programs, which the webhooks go to: one that works, one that often does not, one that is gone. */
function startPrograms(): { url: string; stop(): void } {
  let asked = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/crm": () => Response.json({ received: true }),
      "/front-desk": () => {
        asked += 1;
        return asked % 3 === 0
          ? Response.json({ error: "The pager service is restarting." }, { status: 503 })
          : Response.json({ paged: "front desk" });
      },
      "/old-booking": () =>
        Response.json({ error: "This booking tool was switched off." }, { status: 410 }),
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

/** Through the API, as such programs do it. */
async function subscribe({ application }: World, url: string): Promise<void> {
  for (const { path, ...body } of SUBSCRIPTIONS) {
    const request = new Request("http://127.0.0.1/v1/webhook-subscriptions", {
      method: "POST",
      headers: {
        authorization: `Bearer ${MOCK_KEYS.write}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ url: url + path, ...body }),
    });
    const answer = await application.elysia.fetch(request);
    if (!answer.ok) throw new Error(`a subscription was refused: ${await answer.text()}`);
  }
}

/** One call after the other, until it is told to stop. */
function takeCalls(now: () => { world: World; filled: Filled }, log: Log): () => void {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const next = (ms: number) => {
    if (stopped) return;
    timer = setTimeout(() => {
      takeCall(now())
        .catch((error) => log.error({ err: error }, "demo call"))
        .finally(() => next(PAUSE_MS[0] + Math.random() * (PAUSE_MS[1] - PAUSE_MS[0])));
    }, ms);
  };
  next(PAUSE_MS[0]);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** A call that is under way is told first, and then as a whole: nobody wants to wait for minutes. */
async function takeCall({ world, filled }: { world: World; filled: Filled }): Promise<void> {
  const record = endingNow(filled.callers.next(world.clock.now()));
  const { external_id, direction, from_number, to_number, started_at, caller, transcript } = record;
  const begun = { external_id, direction, from_number, to_number, started_at, caller };
  await storeCall(world, { ...begun, transcript: transcript?.slice(0, 2) });
  await Bun.sleep(TALK_MS);
  await storeCall(world, record);
}

/** The same call, so much earlier that it ends when it would have begun. */
function endingNow(record: CallRecord): CallRecord {
  const { started_at, ended_at, escalations } = record;
  const began = Date.parse(started_at!);
  const earlier = (time: string) => isoTime(Date.parse(time) - (Date.parse(ended_at!) - began));
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
