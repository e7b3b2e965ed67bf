/** A valid body for each route that takes one, and a real object for each path that names one. */
import type { Route, WriteRoute } from "../../src/http/route.ts";
import type { TestServer } from "./harness.ts";

let counter = 0;
/** A number that no other sample has. */
export const freshNumber = () => `+1555${String(counter++).padStart(7, "0")}`;
const fresh = (word: string) => `${word} ${counter++}`;

const BODIES: Record<string, () => object> = {
  "/v1/contacts": () => ({ phone_number: freshNumber(), first_name: "Maria" }),
  "/v1/knowledge/facts": () => ({ key: fresh("parking"), value: "Behind the building." }),
  "/v1/knowledge/faqs": () => ({
    question: fresh("Do you take walk-ins?"),
    answer: "Before noon.",
  }),
  "/v1/knowledge/policies": () => ({ policy_key: fresh("cancellation"), content: "A day ahead." }),
  "/v1/locations": () => ({ name: fresh("Main street"), timezone: "America/Chicago" }),
  "/v1/team-members": () => ({ name: fresh("Dana Whitfield"), tags: ["spanish"] }),
  "/v1/escalation-rules": () => ({
    name: fresh("Emergencies"),
    condition: { type: "keywords", keywords: ["bleeding"] },
    action: "transfer",
    destination: { type: "department", department: "Billing" },
  }),
  "/v1/intents": () => ({ name: fresh("Reschedule") }),
  // An address, so that no look-up leaves the machine. 192.0.2.0/24 is for documentation; the harness opens it.
  "/v1/webhook-subscriptions": () => ({
    url: "https://192.0.2.1/hook",
    description: fresh("CRM"),
    events: ["call.ended"],
  }),
  "/platform/v1/calls/:external_id": () => sampleCall(),
};

/** A call record as the platform sends it, without its `external_id`. */
export const sampleCall = () => ({
  direction: "inbound",
  from_number: freshNumber(),
  to_number: "+15550100100",
  started_at: "2026-11-23T10:00:00.000Z",
  ended_at: "2026-11-23T10:02:00.000Z",
  disposition: "completed",
  summary: "Asked about parking.",
  outcome: "order",
  order: { items: [{ name: "Margherita", quantity: 2 }], total_cents: 2300 },
});

/** A body that the route takes; undefined where it takes none. */
export function validBody(route: WriteRoute): object | undefined {
  if (!route.body) return undefined;
  if (route.bodyOptional) return {};
  if (route.path.endsWith("/order")) return { status: "in_progress" };
  if (route.method !== "POST") return route.path in BODIES ? BODIES[route.path]!() : {};
  return BODIES[route.path]!();
}

/** The route's path with real objects in place of its parameters, made for this use alone. */
export async function realPath(
  route: Route,
  { write, platform, server }: TestServer,
): Promise<string> {
  const { path } = route;
  if (path.startsWith("/platform/v1/calls/:external_id")) {
    const externalId = fresh("call").replace(" ", "-");
    await platform.put(`/platform/v1/calls/${externalId}`, sampleCall());
    return path.replace(":external_id", externalId);
  }
  if (path === "/v1/calls/:id") {
    const made = await platform.put(
      `/platform/v1/calls/${fresh("call").replace(" ", "-")}`,
      sampleCall(),
    );
    return `/v1/calls/${made.body.data.id}`;
  }
  if (!path.includes(":id")) return path;
  const collection = path.slice(0, path.indexOf("/:id"));
  const made = await write.post(collection, BODIES[collection]!());
  if (made.status !== 201) throw new Error(`${collection} answered ${made.status}: ${made.text}`);
  const here = path.replace(":id", made.body.data.id);
  if (!here.includes(":delivery_id")) return here;
  const sent = await write.post(`${collection}/${made.body.data.id}/test`);
  await server.store.housekeep((db) =>
    db.$client.run(
      "update webhook_deliveries set status = 'failed', next_attempt_at = null where id = ?",
      [sent.body.data.id],
    ),
  );
  return here.replace(":delivery_id", sent.body.data.id);
}
