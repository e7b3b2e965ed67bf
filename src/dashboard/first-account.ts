/** The first account, which whoever started the server creates by the link that the server printed. */
import { z } from "zod";
import type { FirstAccount } from "../access/first-account.ts";
import type { SignIn } from "../access/sign-in.ts";
import type { Details } from "../contract/errors.ts";
import { email, label } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { bindResource } from "../resources/define.ts";
import { locationDefinition } from "../resources/locations.ts";
import { updateOrganization } from "../resources/organization.ts";
import { systemActor } from "../store/actor.ts";
import {
  type DashboardRequest,
  type DashboardResponse,
  type DashboardRoute,
  publicRoute,
} from "./dashboard-route.ts";
import { newPassword, oneTimeToken } from "./fields.ts";
import { type SignedInServices, signedInResponse } from "./session-view.ts";

const TokenBody = z.object({ token: oneTimeToken() });

const FirstAccountBody = TokenBody.extend({
  email: email({ doc: "The account's email address.", example: "maria@example.com" }),
  name: label({ doc: "The person's name.", example: "Maria Ortiz" }).optional(),
  password: newPassword(),
  organization: label({ doc: "The business's name.", example: "Bright Dental" }).optional(),
  /** Becomes the first location. */
  location: locationDefinition.createBody.pick({ name: true, timezone: true }).optional(),
});

export interface FirstAccountRouteServices extends SignedInServices {
  signIn: SignIn;
  firstAccount: FirstAccount;
}

export function firstAccountRoutes(services: FirstAccountRouteServices): DashboardRoute[] {
  const createFirstAccount = bindCreation(services);
  return [
    publicRoute({
      method: "POST",
      path: "/first-account/check",
      body: TokenBody,
      handle({ body: { token } }) {
        if (!services.firstAccount.isValid(token)) throw new ApiError("not_found");
        return { status: 204 };
      },
    }),
    publicRoute({
      method: "POST",
      path: "/first-account",
      body: FirstAccountBody,
      handle: createFirstAccount,
    }),
  ];
}

function bindCreation(services: FirstAccountRouteServices) {
  const { db, store, users, passwords, signIn, firstAccount } = services;
  const locations = bindResource(locationDefinition, db);

  return async ({
    body,
    origin,
  }: DashboardRequest<z.infer<typeof FirstAccountBody>>): Promise<DashboardResponse> => {
    const { token, password, organization, location } = body;
    if (!firstAccount.isValid(token)) throw new ApiError("not_found");
    const passwordHash = await passwords.hash(password);
    const user = await store.change({ ...systemActor("first account"), ...origin }, (tx) => {
      // Another request with the same link may have created the account while the hash was computed.
      if (!firstAccount.isValid(token)) throw new ApiError("not_found");
      if (organization !== undefined) updateOrganization(tx, { name: organization });
      if (location !== undefined)
        prefixDetails("location", () =>
          locations.create(tx, locationDefinition.createBody.parse(location)),
        );
      return users.create(tx, { email: body.email, name: body.name ?? null, passwordHash });
    });
    return signedInResponse(
      services,
      await signIn.startSession(user.id, passwordHash, origin),
      201,
    );
  };
}

/** Runs `work`. The fields that its error names are reported as fields of `field`. */
function prefixDetails(field: string, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ApiError) || !error.details) throw error;
    const details: Details = {};
    for (const [name, issue] of Object.entries(error.details)) details[`${field}.${name}`] = issue;
    throw new ApiError(error.code, { details });
  }
}
