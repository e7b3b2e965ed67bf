/** What the pages get about the current session, and the response that begins one. */
import type { Session } from "../access/sessions.ts";
import type { SignedIn } from "../access/sign-in.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import { VERSION } from "../lib/version.ts";
import { readOrganization } from "../resources/organization.ts";
import type { Db } from "../store/database.ts";
import type { Organization, SessionInfo } from "./answers.ts";
import { deviceCookie, sessionCookie } from "./cookies.ts";
import { type DashboardResponse, dataResponse } from "./dashboard-route.ts";

export interface SessionViewServices extends Appliance {
  /** The address at which people reach the server. */
  publicUrl(): string;
}

export interface SignedInServices extends SessionViewServices {
  /** Whether cookies are sent over https only. */
  secure(): boolean;
}

export function organizationView(db: Db): Organization {
  const { name = null, country = null } = readOrganization(db) ?? {};
  return { name, country };
}

/** Describes the signed-in user and the server. */
export function sessionView(
  { db, users, publicUrl }: SessionViewServices,
  user: User,
  session: Session,
): SessionInfo {
  return {
    user: {
      id: user.id,
      email: user.email,
      name: user.name,
      role: user.role,
      two_factor: user.totp_secret !== null,
      recovery_codes_left: users.recoveryCodesLeft(user.id),
    },
    session: { id: session.id, created_at: session.created_at, expires_at: session.expires_at },
    organization: organizationView(db),
    version: VERSION,
    public_url: publicUrl(),
  };
}

/** Sets the cookies of a session that has just begun. */
export const signedInCookies = (
  { secure }: Pick<SignedInServices, "secure">,
  { token, device }: SignedIn,
): string[] => [sessionCookie(token, secure()), deviceCookie(device, secure())];

/** The response to a sign-in: the session as the pages show it, and its cookies. */
export function signedInResponse(
  services: SignedInServices,
  signedIn: SignedIn,
  status: 200 | 201,
): DashboardResponse {
  const { user, session } = signedIn;
  return {
    ...dataResponse<SessionInfo>(sessionView(services, user, session), status),
    cookies: signedInCookies(services, signedIn),
  };
}
