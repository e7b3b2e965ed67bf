/** One's own account: confirming that it is you, sessions, password, second factor and name; and the business's name. */
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { SignIn } from "../access/sign-in.ts";
import type { StepUp } from "../access/step-up.ts";
import { newTotpSecret, otpauthUrl, totpStep } from "../access/totp.ts";
import { LIMITS } from "../config.ts";
import { label } from "../contract/fields.ts";
import { ApiError, conflict, invalid } from "../http/errors.ts";
import { readOrganization, renameOrganization } from "../resources/organization.ts";
import type {
  Confirmation,
  Organization,
  RecoveryCodes,
  SessionEntry,
  SessionInfo,
  TotpEnrolment,
} from "./answers.ts";
import { confirmable } from "./confirmable-actions.ts";
import { deviceCookie, sessionCookie } from "./cookies.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";
import { givenCode, givenPassword, newPassword } from "./fields.ts";
import { type SessionViewServices, sessionView } from "./session-view.ts";

const ToConfirm = z.object({
  action: confirmable,
  password: givenPassword().optional(),
  code: givenCode().optional(),
});

const PasswordChange = z.object({
  current_password: givenPassword(),
  new_password: newPassword(),
});

const NewName = z.object({
  name: label({ doc: "What the person is called.", example: "Maria Ortiz" }).nullable(),
});
const NewOrganization = z.object({
  name: label({ doc: "The business's name.", example: "Bright Dental" }),
});

const ISSUER = "Allison";
/** How long a new second factor may wait for its first code. */
const ENROLMENT_MS = 15 * 60_000;

export interface AccountRouteServices extends SessionViewServices {
  signIn: SignIn;
  stepUp: StepUp;
  secure(): boolean;
}

export function accountRoutes(services: AccountRouteServices): DashboardRoute[] {
  const { db, store, users, sessions, passwords, clock, random, signIn, stepUp, secure } = services;
  /** Secrets that wait for their first code, by session. */
  const enrolments = new LRUCache<string, { secret: string; ends: number }>({
    max: LIMITS.keysInMemory,
  });

  return [
    sessionRoute({
      method: "POST",
      path: "/confirm",
      body: ToConfirm,
      handle: async ({ user, session, body: { action, password, code } }) =>
        dataResponse<Confirmation>(
          await stepUp.confirm({ user, session }, action, { password, code }),
        ),
    }),
    sessionRoute({
      method: "GET",
      path: "/sessions",
      handle: ({ user, session: current }) =>
        dataResponse<SessionEntry[]>(
          sessions.list(user.id).map((session) => {
            const { id, created_at, expires_at, ip, user_agent } = session;
            const seen = sessions.lastUse(session);
            return {
              ...{ id, created_at, expires_at, ip, user_agent },
              ...{ last_seen_at: seen.at, last_seen_ip: seen.ip, current: id === current.id },
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
    sessionRoute({
      method: "PUT",
      path: "/password",
      body: PasswordChange,
      async handle({ user, session, actor, origin, body }) {
        await stepUp.requirePassword({ user, session }, body.current_password, "current_password");
        const passwordHash = await passwords.hash(body.new_password);
        await store.change(actor, (tx) => {
          // Somebody else may have set another one while these were worked on.
          if (users.find(user.id)?.password_hash !== user.password_hash)
            throw conflict({ current_password: "has just been changed" });
          users.setPassword(tx, user.id, passwordHash);
        });
        // This browser goes on, with a session of its own making; the one it came with has ended with the others.
        const { token, device } = await signIn.startSession(user.id, passwordHash, origin);
        return {
          status: 204,
          cookies: [sessionCookie(token, secure()), deviceCookie(device, secure())],
        };
      },
    }),
    // Who could switch a second factor on unasked would have a way to confirm everything else.
    sessionRoute({
      method: "POST",
      path: "/totp",
      handle({ user, session, proof }) {
        if (user.totp_secret !== null) throw conflict({ two_factor: "is switched on already" });
        stepUp.requireProof(session, { kind: "totp.enable" }, proof);
        const secret = newTotpSecret(random);
        enrolments.set(session.id, { secret, ends: clock.monotonic() + ENROLMENT_MS });
        const business = readOrganization(db)?.name;
        const url = otpauthUrl(secret, user.email, business ? `${ISSUER} (${business})` : ISSUER);
        return dataResponse<TotpEnrolment>({ secret, url }, 201);
      },
    }),
    sessionRoute({
      method: "POST",
      path: "/totp/confirm",
      body: z.object({ code: givenCode() }),
      async handle({ user, session, actor, body: { code } }) {
        const waiting = enrolments.get(session.id);
        if (!waiting || clock.monotonic() >= waiting.ends || user.totp_secret !== null)
          throw conflict({ two_factor: "is not waiting for a first code; begin again" });
        const step = totpStep(code.trim(), waiting.secret, clock.now());
        if (step === null) throw invalid({ code: "is wrong" });
        enrolments.delete(session.id);
        const codes = await store.change(actor, (tx) =>
          users.enableTotp(tx, user.id, waiting.secret, step),
        );
        return dataResponse<RecoveryCodes>({ recovery_codes: codes });
      },
    }),
    sessionRoute({
      method: "POST",
      path: "/totp/recovery-codes",
      async handle({ user, session, actor, proof }) {
        if (user.totp_secret === null) throw conflict({ two_factor: "is switched off" });
        stepUp.requireProof(session, { kind: "recovery_codes.renew" }, proof);
        const codes = await store.change(actor, (tx) => users.renewRecoveryCodes(tx, user.id));
        return dataResponse<RecoveryCodes>({ recovery_codes: codes });
      },
    }),
    sessionRoute({
      method: "DELETE",
      path: "/totp",
      async handle({ user, session, actor, proof }) {
        if (user.totp_secret === null) throw conflict({ two_factor: "is switched off already" });
        stepUp.requireProof(session, { kind: "totp.disable" }, proof);
        await store.change(actor, (tx) => users.disableTotp(tx, user.id));
        return { status: 204 };
      },
    }),
    sessionRoute({
      method: "PATCH",
      path: "/user",
      body: NewName,
      async handle({ user, session, actor, body: { name } }) {
        const renamed = await store.change(actor, (tx) => users.rename(tx, user.id, name));
        return dataResponse<SessionInfo>(sessionView(services, renamed, session));
      },
    }),
    sessionRoute({
      method: "PATCH",
      path: "/organization",
      body: NewOrganization,
      async handle({ actor, body: { name } }) {
        await store.change(actor, (tx) => renameOrganization(tx, name));
        return dataResponse<Organization>({ name });
      },
    }),
  ];
}
