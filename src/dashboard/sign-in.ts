/** The first account, signing in, by a link too where there is one, and signing out. */
import { z } from "zod";
import type { FirstAccount } from "../access/first-account.ts";
import type { SignInLink } from "../access/one-time.ts";
import type { SignedIn, SignIn } from "../access/sign-in.ts";
import type { Details } from "../contract/errors.ts";
import { email, label } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { bindResource } from "../resources/define.ts";
import { locationDefinition } from "../resources/locations.ts";
import { readOrganization, renameOrganization } from "../resources/organization.ts";
import { systemActor } from "../store/actor.ts";
import type { SessionInfo, Welcome } from "./answers.ts";
import { deviceCookie, noSessionCookie, sessionCookie } from "./cookies.ts";
import {
  type DashboardResponse,
  type DashboardRoute,
  dataResponse,
  publicRoute,
  sessionRoute,
} from "./dashboard-route.ts";
import { givenCode, givenPassword, newPassword } from "./fields.ts";
import { type SessionViewServices, sessionView } from "./session-view.ts";

const Credentials = z.object({
  email: email({ doc: "Whose account.", example: "maria@example.com" }),
  password: givenPassword(),
  code: givenCode().optional(),
});

const token = z.string().max(200);

const FirstAccountBody = z.object({
  token,
  email: email({ doc: "Whose account.", example: "maria@example.com" }),
  name: label({ doc: "What the person is called.", example: "Maria Ortiz" }).optional(),
  password: newPassword(),
  organization: label({ doc: "The business's name.", example: "Bright Dental" }).optional(),
  /** Becomes the first location. */
  location: locationDefinition.createBody.pick({ name: true, timezone: true }).optional(),
});

export interface SignInRouteServices extends SessionViewServices {
  signIn: SignIn;
  firstAccount: FirstAccount;
  signInLink: SignInLink | null;
  /** Whether cookies are for https alone. */
  secure(): boolean;
}

export function signInRoutes(services: SignInRouteServices): DashboardRoute[] {
  const { db, store, users, sessions, passwords, signIn, firstAccount, signInLink, secure } =
    services;
  const locations = bindResource(locationDefinition, db);

  const begun = (signedIn: SignedIn, status: 200 | 201): DashboardResponse => ({
    ...dataResponse<SessionInfo>(sessionView(services, signedIn.user, signedIn.session), status),
    cookies: [sessionCookie(signedIn.token, secure()), deviceCookie(signedIn.device, secure())],
  });

  return [
    publicRoute({
      method: "GET",
      path: "/welcome",
      handle: () =>
        dataResponse<Welcome>({
          organization: readOrganization(db)?.name ?? null,
          needs_account: !users.hasAny(),
        }),
    }),
    publicRoute({
      method: "POST",
      path: "/first-account/check",
      body: z.object({ token }),
      handle({ body }) {
        if (!firstAccount.isValid(body.token)) throw new ApiError("not_found");
        return { status: 204 };
      },
    }),
    publicRoute({
      method: "POST",
      path: "/first-account",
      body: FirstAccountBody,
      async handle({ body, origin }) {
        const { email: address, name = null, password, organization, location } = body;
        if (!firstAccount.isValid(body.token)) throw new ApiError("not_found");
        const passwordHash = await passwords.hash(password);
        const user = await store.change({ ...systemActor("first account"), ...origin }, (tx) => {
          // Two may have come with the same link at once.
          if (!firstAccount.isValid(body.token)) throw new ApiError("not_found");
          if (organization !== undefined) renameOrganization(tx, organization);
          if (location !== undefined)
            within("location", () =>
              locations.create(tx, locationDefinition.createBody.parse(location)),
            );
          return users.create(tx, { email: address, name, passwordHash });
        });
        return begun(await signIn.startSession(user.id, passwordHash, origin), 201);
      },
    }),
    publicRoute({
      method: "POST",
      path: "/sign-in",
      body: Credentials,
      handle: async ({ body, origin, device }) =>
        begun(await signIn.signIn(body, origin, device), 200),
    }),
    publicRoute({
      method: "POST",
      path: "/sign-in-link",
      body: z.object({ token }),
      async handle({ body, origin }) {
        const user = users.byEmail(signInLink?.take(body.token) ?? "");
        if (!user) throw new ApiError("not_found");
        return begun(await signIn.startSession(user.id, user.password_hash, origin), 200);
      },
    }),
    sessionRoute({
      method: "GET",
      path: "/session",
      handle: ({ user, session }) =>
        dataResponse<SessionInfo>(sessionView(services, user, session)),
    }),
    sessionRoute({
      method: "DELETE",
      path: "/session",
      async handle({ session, actor }) {
        await store.change(actor, (tx) => sessions.end(tx, session));
        return { status: 204, cookies: [noSessionCookie(secure())] };
      },
    }),
  ];
}

/** Runs what is refused by its own fields; here they are fields of `field`. */
function within(field: string, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ApiError) || !error.details) throw error;
    const details: Details = {};
    for (const [name, issue] of Object.entries(error.details)) details[`${field}.${name}`] = issue;
    throw new ApiError(error.code, { details });
  }
}
