/** The first account, signing in and signing out. */
import { z } from "zod";
import { systemActor } from "../access/actor.ts";
import type { FirstAccount } from "../access/first-account.ts";
import type { Session } from "../access/sessions.ts";
import type { SignedIn, SignIn } from "../access/sign-in.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../app.ts";
import { ApiError } from "../http/errors.ts";
import { email, label } from "../resources/fields.ts";
import { readOrganization, renameOrganization } from "../resources/organization.ts";
import { deviceCookie, noSessionCookie, sessionCookie } from "./cookies.ts";
import { givenCode, givenPassword, newPassword } from "./fields.ts";
import { type DashboardRoute, open, type Reply, signedIn } from "./route.ts";

const Credentials = z.object({
  email: email({ doc: "Whose account.", example: "maria@example.com" }),
  password: givenPassword(),
  code: givenCode().optional(),
});

const FirstAccountBody = z.object({
  token: z.string().max(200),
  email: email({ doc: "Whose account.", example: "maria@example.com" }),
  name: label({ doc: "What the person is called.", example: "Maria Ortiz" }).optional(),
  password: newPassword(),
  organization: label({ doc: "The business's name.", example: "Bright Dental" }).optional(),
});

export interface SignInRouteServices extends Appliance {
  signIn: SignIn;
  firstAccount: FirstAccount;
  /** Whether cookies are for https alone. */
  secure(): boolean;
}

export function signInRoutes(services: SignInRouteServices): DashboardRoute[] {
  const { store, users, sessions, passwords, signIn, firstAccount, secure } = services;

  const welcome = ({ user, session, token, device }: SignedIn, status: 200 | 201): Reply => ({
    status,
    body: { data: sessionView(services, user, session) },
    cookies: [sessionCookie(token, secure()), deviceCookie(device, secure())],
  });

  return [
    open({
      method: "POST",
      path: "/first-account",
      body: FirstAccountBody,
      async answer({ body, from }) {
        const { token, email: address, name = null, password, organization } = body;
        if (!firstAccount.opens(token)) throw new ApiError("not_found");
        const passwordHash = await passwords.hash(password);
        const user = await store.change({ ...systemActor("first account"), ...from }, (tx) => {
          // Two may have come with the same link at once.
          if (!firstAccount.opens(token)) throw new ApiError("not_found");
          if (organization !== undefined) renameOrganization(tx, organization);
          return users.create(tx, { email: address, name, passwordHash });
        });
        return welcome(await signIn.begin(user.id, passwordHash, from), 201);
      },
    }),
    open({
      method: "POST",
      path: "/sign-in",
      body: Credentials,
      answer: async ({ body, from, device }) =>
        welcome(await signIn.signIn(body, from, device), 200),
    }),
    signedIn({
      method: "GET",
      path: "/session",
      answer: ({ user, session }) => ({ body: { data: sessionView(services, user, session) } }),
    }),
    signedIn({
      method: "DELETE",
      path: "/session",
      async answer({ session, actor }) {
        await store.change(actor, (tx) => sessions.end(tx, session));
        return { status: 204, cookies: [noSessionCookie(secure())] };
      },
    }),
  ];
}

/** Who is signed in, and to what. */
const sessionView = ({ db, users }: Appliance, user: User, session: Session) => ({
  user: {
    id: user.id,
    email: user.email,
    name: user.name,
    two_factor: user.totp_secret !== null,
    recovery_codes_left: users.recoveryCodesLeft(user.id),
  },
  session: { id: session.id, created_at: session.created_at, expires_at: session.expires_at },
  organization: { name: readOrganization(db)?.name ?? null },
});
