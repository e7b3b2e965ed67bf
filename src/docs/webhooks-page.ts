/** /docs/webhooks: how to receive events and verify that they are genuine. */
import { LIMITS } from "../config.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { EVENTS } from "../resources/events.ts";
import {
  ATTEMPT_DELAYS_MS,
  FAILING_TO_DISABLE_MS,
  FAILURES_TO_DISABLE,
} from "../webhooks/schedule.ts";
import template from "./pages/webhooks.md" with { type: "text" };
import { fillPlaceholders, jsonFence } from "./placeholders.ts";
import standardCode from "./standard.ts.txt" with { type: "text" };
import pythonCode from "./verify.py.txt" with { type: "text" };
import typescriptCode from "./verify.ts.txt" with { type: "text" };
import {
  DELIVERY_HEADERS,
  EXAMPLE_DELIVERY,
  EXAMPLE_SECRET,
  eventExample,
} from "./webhooks-reference.ts";

function formatDelay(ms: number): string {
  if (ms === 0) return "immediately";
  const minutes = ms / 60_000;
  if (minutes < 60) return `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  return `${minutes / 60} ${minutes === 60 ? "hour" : "hours"}`;
}

const describeEvent = (type: EventType): string => `### \`${type}\`

${EVENTS[type].meaning}

${jsonFence(eventExample(type))}`;

export const webhooksPage = (): string =>
  fillPlaceholders(template, {
    timeoutSeconds: LIMITS.egress.totalMs / 1_000,
    headerRows: DELIVERY_HEADERS.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`).join(
      "\n",
    ),
    typescriptCode: typescriptCode.trimEnd(),
    pythonCode: pythonCode.trimEnd(),
    standardCode: standardCode.trimEnd(),
    exampleSecret: EXAMPLE_SECRET,
    exampleHeaders: DELIVERY_HEADERS.map(({ name, example }) => `${name}: ${example}`).join("\n"),
    exampleBody: EXAMPLE_DELIVERY.body,
    attempts: ATTEMPT_DELAYS_MS.length,
    attemptDelays: ATTEMPT_DELAYS_MS.map((ms) => `1. ${formatDelay(ms)}`).join("\n"),
    deliveryDays: LIMITS.deliveryDays,
    webhookSubscriptions: LIMITS.webhookSubscriptions,
    deliveriesInFlight: LIMITS.deliveriesInFlight,
    deliveriesInFlightFailing: LIMITS.deliveriesInFlightFailing,
    failuresToDisable: FAILURES_TO_DISABLE,
    failingDaysToDisable: FAILING_TO_DISABLE_MS / 86_400_000,
    events: EVENT_TYPES.map(describeEvent).join("\n\n"),
  });
