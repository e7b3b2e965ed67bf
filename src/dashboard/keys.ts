/** API keys in the dashboard: making, rotating and deleting one each need a fresh proof; switching one off needs none. */
import { z } from "zod";
import { type ApiKey, keyView } from "../access/keys.ts";
import type { StepUp } from "../access/step-up.ts";
import type { Appliance } from "../appliance.ts";
import { flag } from "../contract/fields.ts";
import { ApiError, invalid } from "../http/errors.ts";
import type { Key, NewKey, RotatedKey } from "./answers.ts";
import { NewKeyBody } from "./confirmable-actions.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const HOUR_MS = 3_600_000;
const Rotation = z.object({
  /** How long the old key goes on. */
  overlap_hours: z
    .number()
    .min(0)
    .max(30 * 24)
    .default(24),
});
const State = z.object({ active: flag({ doc: "Whether the key opens.", example: false }) });
const WARNING = "Store the key now; it is not shown again.";

export interface KeyRouteServices extends Appliance {
  stepUp: StepUp;
}

export function keyRoutes({
  store,
  keys,
  apiKeyKind,
  clock,
  stepUp,
}: KeyRouteServices): DashboardRoute[] {
  const view = (key: ApiKey): Key => ({ ...keyView(keys, key), access: key.scope ?? "platform" });

  function pick(id: string): ApiKey {
    const key = keys.list().find((each) => each.id === id.toLowerCase());
    if (!key) throw new ApiError("not_found");
    return key;
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/keys",
      handle: () => dataResponse<Key[]>(keys.list().map(view)),
    }),
    sessionRoute({
      method: "POST",
      path: "/keys",
      body: NewKeyBody,
      async handle({ session, actor, proof, body }) {
        const { name, access, expires_at } = body;
        if (expires_at !== null && Date.parse(expires_at) <= clock.now())
          throw invalid({ expires_at: "must be in the future" });
        stepUp.requireProof(session, { kind: "keys.create", key: body }, proof);
        const { key, token } = await store.change(actor, (tx) =>
          keys.create(tx, {
            name,
            kind: access === "platform" ? "plat" : apiKeyKind,
            scope: access === "platform" ? null : access,
            expires_at,
          }),
        );
        const made: NewKey = { data: view(key), key: token, warning: WARNING };
        return { status: 201, body: made };
      },
    }),
    sessionRoute({
      method: "PATCH",
      path: "/keys/:id",
      body: State,
      async handle({ params, actor, body: { active } }) {
        const key = await store.change(actor, (tx) => keys.setActive(tx, pick(params.id!), active));
        return dataResponse<Key>(view(key));
      },
    }),
    sessionRoute({
      method: "POST",
      path: "/keys/:id/rotate",
      body: Rotation,
      async handle({ params, session, actor, proof, body }) {
        const { id } = pick(params.id!);
        stepUp.requireProof(session, { kind: "keys.rotate", id }, proof);
        const { key, token, old } = await store.change(actor, (tx) =>
          keys.rotate(tx, pick(id), body.overlap_hours * HOUR_MS),
        );
        const made: RotatedKey = {
          ...{ data: view(key), key: token, warning: WARNING },
          old: view(old),
        };
        return { status: 201, body: made };
      },
    }),
    sessionRoute({
      method: "DELETE",
      path: "/keys/:id",
      async handle({ params, session, actor, proof }) {
        const { id } = pick(params.id!);
        stepUp.requireProof(session, { kind: "keys.delete", id }, proof);
        await store.change(actor, (tx) => keys.remove(tx, pick(id)));
        return { status: 204 };
      },
    }),
  ];
}
