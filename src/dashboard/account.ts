/** The user's own account: confirming an action, sessions, password and name; and the name and country of the organization. */
import { z } from "zod";
import type { SignIn } from "../access/sign-in.ts";
import type { StepUp } from "../access/step-up.ts";
import { country, label } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { updateOrganization } from "../resources/organization.ts";
import type { Confirmation, Organization, SessionEntry, SessionInfo } from "./answers.ts";
import { confirmableAction } from "./confirmable-actions.ts";
import {
  type DashboardResponse,
  type DashboardRoute,
  dataResponse,
  type SignedInRequest,
  sessionRoute,
} from "./dashboard-route.ts";
import { codeInput, newPassword, passwordInput } from "./fields.ts";
import {
  organizationView,
  type SignedInServices,
  sessionView,
  signedInCookies,
} from "./session-view.ts";

const ConfirmBody = z.object({
  action: confirmableAction,
  password: passwordInput().optional(),
  code: codeInput().optional(),
});

const PasswordBody = z.object({
  current_password: passwordInput(),
  new_password: newPassword(),
});

const UserBody = z.object({
  name: label({ doc: "The person's name.", example: "Maria Ortiz" }).nullable(),
});
const OrganizationBody = z.object({
  name: label({ doc: "The business's name.", example: "Bright Dental" }).optional(),
  country: country({ doc: "The business's country.", example: "US" }).nullable().optional(),
});

export interface AccountRouteServices extends SignedInServices {
  signIn: SignIn;
  stepUp: StepUp;
}

export const accountRoutes = (services: AccountRouteServices): DashboardRoute[] => [
  sessionRoute({
    method: "POST",
    path: "/confirm",
    body: ConfirmBody,
    handle: async ({ user, session, body: { action, password, code } }) =>
      dataResponse<Confirmation>(
        await services.stepUp.confirm({ user, session }, action, { password, code }),
      ),
  }),
  ...sessionListRoutes(services),
  sessionRoute({
    method: "PUT",
    path: "/password",
    body: PasswordBody,
    handle: (request) => changePassword(services, request),
  }),
  ...nameRoutes(services),
];

function sessionListRoutes({ store, sessions }: AccountRouteServices): DashboardRoute[] {
  return [
    sessionRoute({
      method: "GET",
      path: "/sessions",
      handle: ({ user, session: current }) =>
        dataResponse<SessionEntry[]>(
          sessions.list(user.id).map((session) => {
            const lastSeen = sessions.lastUse(session);
            return {
              id: session.id,
              created_at: session.created_at,
              expires_at: session.expires_at,
              ip: session.ip,
              user_agent: session.user_agent,
              last_seen_at: lastSeen.at,
              last_seen_ip: lastSeen.ip,
              current: session.id === current.id,
            };
          }),
        ),
    }),
    sessionRoute({
      method: "DELETE",
      path: "/sessions/:id",
      async handle({ user, params, actor }) {
        await store.change(actor, (tx) => {
          const session = sessions.list(user.id).find(({ id }) => id === params.id);
          if (!session) throw new ApiError("not_found");
          sessions.end(tx, session);
        });
        return { status: 204 };
      },
    }),
  ];
}

async function changePassword(
  services: AccountRouteServices,
  { user, session, actor, origin, body }: SignedInRequest<z.infer<typeof PasswordBody>>,
): Promise<DashboardResponse> {
  const { store, users, passwords, signIn, stepUp } = services;
  await stepUp.requirePassword({ user, session }, body.current_password, "current_password");
  const passwordHash = await passwords.hash(body.new_password);
  // Another request that changed the password while the hashes were computed has ended this session.
  await store.change(actor, (tx) => users.setPassword(tx, user.id, passwordHash));
  // The change ended every session of the user, so this browser gets a new one.
  const signedIn = await signIn.startSession(user.id, passwordHash, origin);
  return { status: 204, cookies: signedInCookies(services, signedIn) };
}

function nameRoutes(services: AccountRouteServices): DashboardRoute[] {
  const { store, users } = services;
  return [
    sessionRoute({
      method: "PATCH",
      path: "/user",
      body: UserBody,
      async handle({ user, session, actor, body: { name } }) {
        const renamed = await store.change(actor, (tx) => users.rename(tx, user.id, name));
        return dataResponse<SessionInfo>(sessionView(services, renamed, session));
      },
    }),
    sessionRoute({
      method: "PATCH",
      path: "/organization",
      body: OrganizationBody,
      async handle({ actor, body }) {
        const changed = await store.change(actor, (tx) => {
          updateOrganization(tx, body);
          return organizationView(tx.db);
        });
        return dataResponse<Organization>(changed);
      },
    }),
  ];
}
