/** API keys in the dashboard. Each change of a key requires a proof, except disabling it. */
import { z } from "zod";
import { type ApiKey, keyView } from "../access/keys.ts";
import type { StepUp } from "../access/step-up.ts";
import type { Appliance } from "../appliance.ts";
import { flag } from "../contract/fields.ts";
import { ApiError, invalid } from "../http/errors.ts";
import type { Key, NewKey, RotatedKey } from "./answers.ts";
import { NewKeyBody, overlapHours } from "./confirmable-actions.ts";
import {
  type DashboardResponse,
  type DashboardRoute,
  dataResponse,
  type SignedInRequest,
  sessionRoute,
} from "./dashboard-route.ts";

const HOUR_MS = 3_600_000;
const RotationBody = z.object({ overlap_hours: overlapHours });
const StateBody = z.object({
  active: flag({ doc: "Whether the key is enabled.", example: false }),
});
const WARNING = "Store the key now; it is not shown again.";

export interface KeyRouteServices extends Appliance {
  stepUp: StepUp;
}

export function keyRoutes(services: KeyRouteServices): DashboardRoute[] {
  const { store, keys, stepUp } = services;
  return [
    sessionRoute({
      method: "GET",
      path: "/keys",
      handle: () => dataResponse<Key[]>(keys.list().map((key) => viewKey(services, key))),
    }),
    sessionRoute({
      method: "POST",
      path: "/keys",
      ownersOnly: true,
      body: NewKeyBody,
      handle: (request) => createKey(services, request),
    }),
    sessionRoute({
      method: "PATCH",
      path: "/keys/:id",
      ownersOnly: true,
      body: StateBody,
      async handle({ params, session, actor, proof, body: { active } }) {
        const key = await store.change(actor, (tx) => {
          const stored = requireKey(services, params.id!);
          if (active && !stored.active)
            stepUp.requireProof(session, { kind: "keys.enable", id: stored.id }, proof);
          return keys.setActive(tx, stored, active);
        });
        return dataResponse<Key>(viewKey(services, key));
      },
    }),
    sessionRoute({
      method: "POST",
      path: "/keys/:id/rotate",
      ownersOnly: true,
      body: RotationBody,
      handle: (request) => rotateKey(services, request),
    }),
    sessionRoute({
      method: "DELETE",
      path: "/keys/:id",
      ownersOnly: true,
      async handle({ params, session, actor, proof }) {
        const { id } = requireKey(services, params.id!);
        stepUp.requireProof(session, { kind: "keys.delete", id }, proof);
        await store.change(actor, (tx) => keys.remove(tx, requireKey(services, id)));
        return { status: 204 };
      },
    }),
  ];
}

const viewKey = ({ keys }: KeyRouteServices, key: ApiKey): Key => ({
  ...keyView(keys, key),
  access: key.scope ?? "platform",
});

/** Throws `not_found`. */
function requireKey({ keys }: KeyRouteServices, id: string): ApiKey {
  const key = keys.list().find((each) => each.id === id.toLowerCase());
  if (!key) throw new ApiError("not_found");
  return key;
}

async function createKey(
  services: KeyRouteServices,
  { session, actor, proof, body }: SignedInRequest<z.infer<typeof NewKeyBody>>,
): Promise<DashboardResponse> {
  const { store, keys, apiKeyKind, clock, stepUp } = services;
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
  const created: NewKey = { data: viewKey(services, key), key: token, warning: WARNING };
  return { status: 201, body: created };
}

async function rotateKey(
  services: KeyRouteServices,
  { params, session, actor, proof, body }: SignedInRequest<z.infer<typeof RotationBody>>,
): Promise<DashboardResponse> {
  const { store, keys, stepUp } = services;
  const { id } = requireKey(services, params.id!);
  stepUp.requireProof(session, { kind: "keys.rotate", id, ...body }, proof);
  const { key, token, old } = await store.change(actor, (tx) =>
    keys.rotate(tx, requireKey(services, id), body.overlap_hours * HOUR_MS),
  );
  const rotated: RotatedKey = {
    data: viewKey(services, key),
    key: token,
    warning: WARNING,
    old: viewKey(services, old),
  };
  return { status: 201, body: rotated };
}
