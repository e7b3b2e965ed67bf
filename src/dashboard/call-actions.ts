/** What users do with a call: mark a message or callback request as handled, and update the status of its order. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { flag } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { createIngest } from "../platform/ingest.ts";
import { orderMove } from "../platform/record.ts";
import { callDefinition, callView, setHandled } from "../resources/calls.ts";
import { bindResource } from "../resources/define.ts";
import type { Call } from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const HandledBody = z.object({
  handled: flag({ doc: "Whether it is handled.", example: true }),
});

export interface CallActionServices extends Appliance {
  /** The address at which people reach the dashboard, for `call_url`. */
  publicUrl(): string;
}

export function callActionRoutes({ db, store, publicUrl }: CallActionServices): DashboardRoute[] {
  const calls = bindResource(callDefinition, db);
  const ingest = createIngest({ db, publicUrl });
  const viewCall = callView(publicUrl);

  function requireCall(id: string) {
    const call = calls.find(id);
    if (!call) throw new ApiError("not_found");
    return call;
  }

  return [
    sessionRoute({
      method: "PUT",
      path: "/calls/:id/messages/:index/handled",
      body: HandledBody,
      handle: async ({ params, actor, body: { handled } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) =>
            viewCall(setHandled(tx, requireCall(params.id!), parseIndex(params.index!), handled)),
          ),
        ),
    }),
    sessionRoute({
      method: "PUT",
      path: "/calls/:id/callback/handled",
      body: HandledBody,
      handle: async ({ params, actor, body: { handled } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) =>
            viewCall(setHandled(tx, requireCall(params.id!), null, handled)),
          ),
        ),
    }),
    sessionRoute({
      method: "PATCH",
      path: "/calls/:id/order",
      body: orderMove,
      handle: async ({ params, actor, body: { status } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) => ingest.moveOrder(tx, requireCall(params.id!), status)),
        ),
    }),
  ];
}

/** NaN, which no message has as its index, for anything but digits. */
const parseIndex = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN);
