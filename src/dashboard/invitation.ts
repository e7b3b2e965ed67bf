/** Accepting an invitation: the invited person chooses a name and a password, and is signed in. */
import { z } from "zod";
import type { SignIn } from "../access/sign-in.ts";
import { label } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { systemActor } from "../store/actor.ts";
import type { InvitationInfo } from "./answers.ts";
import { type DashboardRoute, dataResponse, publicRoute } from "./dashboard-route.ts";
import { newPassword, oneTimeToken } from "./fields.ts";
import { type SignedInServices, signedInResponse } from "./session-view.ts";

const TokenBody = z.object({ token: oneTimeToken() });
const AcceptBody = TokenBody.extend({
  name: label({ doc: "The person's name.", example: "Maria Ortiz" }).optional(),
  password: newPassword(),
});

export interface InvitationRouteServices extends SignedInServices {
  signIn: SignIn;
}

export function invitationRoutes(services: InvitationRouteServices): DashboardRoute[] {
  const { store, invitations, passwords, signIn } = services;

  /** Throws `not_found`. */
  function requireInvitation(token: string) {
    const invitation = invitations.find(token);
    if (!invitation) throw new ApiError("not_found");
    return invitation;
  }

  return [
    publicRoute({
      method: "POST",
      path: "/invitation/check",
      body: TokenBody,
      handle({ body: { token } }) {
        const { email, role } = requireInvitation(token);
        return dataResponse<InvitationInfo>({ email, role });
      },
    }),
    publicRoute({
      method: "POST",
      path: "/invitation",
      body: AcceptBody,
      async handle({ body: { token, name = null, password }, origin }) {
        requireInvitation(token);
        const password_hash = await passwords.hash(password);
        const actor = { ...systemActor("invitation"), ...origin };
        // Another request may have used the link while the hash was computed.
        const user = await store.change(actor, (tx) =>
          invitations.accept(tx, token, { name, password_hash }),
        );
        const signedIn = await signIn.startSession(user.id, password_hash, origin);
        return signedInResponse(services, signedIn, 201);
      },
    }),
  ];
}
