/** Signing in by password or by link, the current session, and signing out. */
import { z } from "zod";
import type { SignInLink } from "../access/one-time.ts";
import type { SignIn } from "../access/sign-in.ts";
import { email } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { readOrganization } from "../resources/organization.ts";
import type { SessionInfo, Welcome } from "./answers.ts";
import { expiredSessionCookie } from "./cookies.ts";
import { type DashboardRoute, dataResponse, publicRoute, sessionRoute } from "./dashboard-route.ts";
import { codeInput, oneTimeToken, passwordInput } from "./fields.ts";
import { type SignedInServices, sessionView, signedInResponse } from "./session-view.ts";

const CredentialsBody = z.object({
  email: email({ doc: "The account's email address.", example: "maria@example.com" }),
  password: passwordInput(),
  code: codeInput().optional(),
});

export interface SignInRouteServices extends SignedInServices {
  signIn: SignIn;
  /** Null except for a mock. */
  signInLink: SignInLink | null;
}

export const signInRoutes = (services: SignInRouteServices): DashboardRoute[] => [
  ...publicRoutes(services),
  ...currentSessionRoutes(services),
];

function publicRoutes(services: SignInRouteServices): DashboardRoute[] {
  const { db, users, signIn, signInLink } = services;
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
      path: "/sign-in",
      body: CredentialsBody,
      handle: async ({ body, origin, device }) =>
        signedInResponse(services, await signIn.signIn(body, origin, device), 200),
    }),
    publicRoute({
      method: "POST",
      path: "/sign-in-link",
      body: z.object({ token: oneTimeToken() }),
      async handle({ body: { token }, origin }) {
        const user = users.byEmail(signInLink?.take(token) ?? "");
        if (!user) throw new ApiError("not_found");
        const signedIn = await signIn.startSession(user.id, user.password_hash, origin);
        return signedInResponse(services, signedIn, 200);
      },
    }),
  ];
}

function currentSessionRoutes(services: SignInRouteServices): DashboardRoute[] {
  const { store, sessions, secure } = services;
  return [
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
        await store.change(actor, (tx) => sessions.end(tx, session), { isEssential: true });
        return { status: 204, cookies: [expiredSessionCookie(secure())] };
      },
    }),
  ];
}
