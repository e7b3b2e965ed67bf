/** What a page is told of the session it is in. */
import type { Session } from "../access/sessions.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import { VERSION } from "../lib/version.ts";
import { readOrganization } from "../resources/organization.ts";
import type { SessionInfo } from "./answers.ts";

export interface SessionViewServices extends Appliance {
  /** Where people reach the server. */
  publicUrl(): string;
}

/** Who is signed in, and to what. */
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
      two_factor: user.totp_secret !== null,
      recovery_codes_left: users.recoveryCodesLeft(user.id),
    },
    session: { id: session.id, created_at: session.created_at, expires_at: session.expires_at },
    organization: { name: readOrganization(db)?.name ?? null },
    version: VERSION,
    public_url: publicUrl(),
  };
}
