/** The second factor of the user's own account: setup, first code, recovery codes and disabling it. */
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { StepUp } from "../access/step-up.ts";
import { newTotpSecret, otpauthUrl, totpStep } from "../access/totp.ts";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import { conflict, invalid } from "../http/errors.ts";
import type { Clock } from "../lib/clock.ts";
import { readOrganization } from "../resources/organization.ts";
import type { RecoveryCodes, TotpEnrolment } from "./answers.ts";
import {
  type DashboardResponse,
  type DashboardRoute,
  dataResponse,
  type SignedInRequest,
  sessionRoute,
} from "./dashboard-route.ts";
import { codeInput } from "./fields.ts";

const ISSUER = "Allison";
/** How long after the setup began its first code is accepted. */
const ENROLMENT_MS = 15 * 60_000;

const FirstCodeBody = z.object({ code: codeInput() });

export interface TwoFactorRouteServices extends Appliance {
  stepUp: StepUp;
}

export function twoFactorRoutes(services: TwoFactorRouteServices): DashboardRoute[] {
  const enrolments = createEnrolments(services.clock);
  return [
    // A thief who enabled a second factor could confirm every other action with it, so this needs a proof, too.
    sessionRoute({
      method: "POST",
      path: "/totp",
      handle: (request) => beginEnrolment(services, enrolments, request),
    }),
    sessionRoute({
      method: "POST",
      path: "/totp/confirm",
      body: FirstCodeBody,
      handle: (request) => completeEnrolment(services, enrolments, request),
    }),
    ...enabledRoutes(services),
  ];
}

/** Secrets that await their first code, one per session. */
function createEnrolments(clock: Clock) {
  const secrets = new LRUCache<string, { secret: string; expiresAt: number }>({
    max: LIMITS.keysInMemory,
  });
  return {
    add(sessionId: string, secret: string): void {
      secrets.set(sessionId, { secret, expiresAt: clock.monotonic() + ENROLMENT_MS });
    },
    /** The session's secret, or null where there is none or it has expired. */
    find(sessionId: string): string | null {
      const entry = secrets.get(sessionId);
      return entry && clock.monotonic() < entry.expiresAt ? entry.secret : null;
    },
    remove(sessionId: string): void {
      secrets.delete(sessionId);
    },
  };
}
type Enrolments = ReturnType<typeof createEnrolments>;

function beginEnrolment(
  { db, random, stepUp }: TwoFactorRouteServices,
  enrolments: Enrolments,
  { user, session, proof }: SignedInRequest<unknown>,
): DashboardResponse {
  if (user.totp_secret !== null) throw conflict({ two_factor: "is already enabled" });
  stepUp.requireProof(session, { kind: "totp.enable" }, proof);
  const secret = newTotpSecret(random);
  enrolments.add(session.id, secret);
  const organization = readOrganization(db)?.name;
  const issuer = organization ? `${ISSUER} (${organization})` : ISSUER;
  return dataResponse<TotpEnrolment>({ secret, url: otpauthUrl(secret, user.email, issuer) }, 201);
}

async function completeEnrolment(
  { store, users, sessions, clock }: TwoFactorRouteServices,
  enrolments: Enrolments,
  { user, session, actor, body: { code } }: SignedInRequest<z.infer<typeof FirstCodeBody>>,
): Promise<DashboardResponse> {
  if (user.totp_secret !== null) throw conflict({ two_factor: "is already enabled" });
  const secret = enrolments.find(session.id);
  if (secret === null)
    throw conflict({ two_factor: "has no setup in progress, or it expired; start again" });
  const step = totpStep(code.trim(), secret, clock.now());
  if (step === null) throw invalid({ code: "is incorrect" });
  enrolments.remove(session.id);
  const codes = await store.change(actor, (tx) => {
    // They began without the second factor.
    for (const other of sessions.list(user.id))
      if (other.id !== session.id) sessions.end(tx, other);
    return users.enableTotp(tx, user.id, secret, step);
  });
  return dataResponse<RecoveryCodes>({ recovery_codes: codes });
}

/** Routes for a second factor that is enabled. */
function enabledRoutes({ store, users, stepUp }: TwoFactorRouteServices): DashboardRoute[] {
  return [
    sessionRoute({
      method: "POST",
      path: "/totp/recovery-codes",
      async handle({ user, session, actor, proof }) {
        if (user.totp_secret === null)
          throw conflict({ two_factor: "is disabled; enable it first" });
        stepUp.requireProof(session, { kind: "recovery_codes.renew" }, proof);
        const codes = await store.change(actor, (tx) => users.renewRecoveryCodes(tx, user.id));
        return dataResponse<RecoveryCodes>({ recovery_codes: codes });
      },
    }),
    sessionRoute({
      method: "DELETE",
      path: "/totp",
      async handle({ user, session, actor, proof }) {
        if (user.totp_secret === null) throw conflict({ two_factor: "is already disabled" });
        stepUp.requireProof(session, { kind: "totp.disable" }, proof);
        await store.change(actor, (tx) => users.disableTotp(tx, user.id));
        return { status: 204 };
      },
    }),
  ];
}
