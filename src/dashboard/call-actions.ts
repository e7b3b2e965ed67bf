/** What people do with a call: say that a message or callback was dealt with, and move its order on. */
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

const Handled = z.object({
  handled: flag({ doc: "Whether somebody dealt with it.", example: true }),
});

export interface CallActionServices extends Appliance {
  /** Where the dashboard is reached, for `call_url`. */
  publicUrl(): string;
}

export function callActionRoutes({ db, store, publicUrl }: CallActionServices): DashboardRoute[] {
  const resource = bindResource(callDefinition, db);
  const ingest = createIngest({ db, publicUrl });
  const view = callView(publicUrl);

  function pick(id: string) {
    const call = resource.find(id);
    if (!call) throw new ApiError("not_found");
    return call;
  }
  const placeOf = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN);

  return [
    sessionRoute({
      method: "PUT",
      path: "/calls/:id/messages/:index/handled",
      body: Handled,
      handle: async ({ params, actor, body: { handled } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) =>
            view(setHandled(tx, pick(params.id!), placeOf(params.index!), handled)),
          ),
        ),
    }),
    sessionRoute({
      method: "PUT",
      path: "/calls/:id/callback/handled",
      body: Handled,
      handle: async ({ params, actor, body: { handled } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) => view(setHandled(tx, pick(params.id!), null, handled))),
        ),
    }),
    sessionRoute({
      method: "PATCH",
      path: "/calls/:id/order",
      body: orderMove,
      handle: async ({ params, actor, body: { status } }) =>
        dataResponse<Call>(
          await store.change(actor, (tx) => ingest.moveOrder(tx, pick(params.id!), status)),
        ),
    }),
  ];
}
