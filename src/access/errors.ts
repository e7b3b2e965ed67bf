/** Errors of access: why a credential, an account or a key does not allow what was asked. http maps them to responses. */

export type AccessFailure =
  | { kind: "credential_ended"; credential: "key" | "session" }
  | { kind: "account_not_found" }
  | { kind: "email_taken" }
  | { kind: "no_owner" }
  | { kind: "last_owner" }
  | { kind: "invitation_ended" }
  | { kind: "second_factor_disabled" }
  | { kind: "key_inactive" }
  | { kind: "key_expired" }
  | { kind: "sign_in_refused"; field: "email" | "code"; issue: string }
  | { kind: "too_many_tries"; limit: string; retryAfterSeconds: number }
  | { kind: "password_queue_full"; retryAfterSeconds: number }
  | { kind: "wrong_confirmation"; field: string; triesLeft: number }
  | { kind: "confirmation_missing" }
  | { kind: "proof_required"; action: string };

/** An expected failure of access; `failure` says which. */
export class AccessError extends Error {
  readonly failure: AccessFailure;

  constructor(failure: AccessFailure) {
    super(failure.kind);
    this.name = "AccessError";
    this.failure = failure;
  }
}
