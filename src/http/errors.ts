/**
 * Errors as responses. `ApiError` is an expected failure named by its catalogue code; `toApiError` maps the errors of the
 * layers below to one, and anything unexpected to a 500 that reveals nothing. The only renderer of `{"error","details"}`.
 */
import { AccessError, type AccessFailure } from "../access/errors.ts";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { BackgroundError } from "../store/background-reader.ts";
import {
  isStorageFailure,
  StorageError,
  type StorageProblem,
  StorageUnavailable,
} from "../store/errors.ts";

export interface ErrorOptions {
  details?: Details;
  /** Response headers that belong to this error, such as `Allow`. */
  headers?: Record<string, string>;
  /** For the log only; never sent. */
  reason?: string;
}

/** An expected failure, named by its catalogue code. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Details | undefined;
  readonly headers: Record<string, string>;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(code);
    this.code = code;
    this.status = ERRORS[code].status;
    this.details = options.details;
    this.headers = options.headers ?? {};
    this.reason = options.reason;
  }
}

export const invalid = (details: Details) => new ApiError("validation_failed", { details });
export const conflict = (details: Details) => new ApiError("conflict", { details });

/** For a strict server: throws `validation_failed` for what another one would have left out or guessed. */
export function requireNoWarnings(warnings: readonly { field: string; reason: string }[]): void {
  if (warnings.length > 0)
    throw invalid(Object.fromEntries(warnings.map(({ field, reason }) => [field, reason])));
}

/** The envelope's text. 403 alone carries `required` in place of `details` (both are documented so). */
export function errorBody(error: ApiError): string {
  if (error.code === "insufficient_scope") {
    return '{"error":"insufficient_scope","required":"write"}';
  }
  return JSON.stringify(
    error.details ? { error: error.code, details: error.details } : { error: error.code },
  );
}

/** The reason of a 503 while the server stops: expected, so it is not logged for each request. */
export const STOPPING = "stopping";
/** The reason of a 503 for a problem of the storage, which the log names once when it begins. */
export const STORAGE_PROBLEM = "storage problem";

/** The seconds after which a failed storage is worth another try. */
const STORAGE_RETRY_SECONDS = 5;
/** The same for a problem that lasts until somebody restarts the server. */
const RESTART_RETRY_SECONDS = 300;
/** The seconds after which a read that was too slow, or found too many waiting, is worth another try. */
const READ_RETRY_SECONDS = 2;

/** The catalogue error that stands for whatever a handler or a layer below threw. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof AccessError) return fromAccess(thrown.failure);
  if (thrown instanceof StorageUnavailable) return storageUnavailable(thrown.problem);
  if (thrown instanceof BackgroundError) {
    return new ApiError("unavailable", {
      headers: { "Retry-After": String(READ_RETRY_SECONDS) },
      reason: thrown.failure === "stopped" ? STOPPING : thrown.message,
    });
  }
  if (thrown instanceof StorageError || isStorageFailure(thrown)) {
    return new ApiError("unavailable", {
      headers: { "Retry-After": String(STORAGE_RETRY_SECONDS) },
      reason: String(thrown),
    });
  }
  return new ApiError("internal_error");
}

/** The answer while the storage has a known problem. */
export function storageUnavailable({ state, message }: StorageProblem): ApiError {
  const seconds = state === "disk_low" ? STORAGE_RETRY_SECONDS : RESTART_RETRY_SECONDS;
  return new ApiError("unavailable", {
    details: { storage: message },
    headers: { "Retry-After": String(seconds) },
    reason: STORAGE_PROBLEM,
  });
}

function fromAccess(failure: AccessFailure): ApiError {
  switch (failure.kind) {
    case "credential_ended":
      return unauthorized(failure.credential);
    case "account_not_found":
    case "invitation_ended":
      return new ApiError("not_found");
    case "email_taken":
      return conflict({ email: "is already used by another account" });
    case "no_owner":
      return conflict({ role: "must be owner, since there is no owner yet" });
    case "last_owner":
      return conflict({ account: "is the last owner; create another owner first" });
    case "second_factor_disabled":
      return conflict({ two_factor: "is disabled; enable it first" });
    case "key_inactive":
      return conflict({ key: "is disabled; enable it first, or create a new one" });
    case "key_expired":
      return conflict({ key: "has expired; create a new one" });
    case "sign_in_refused":
      return new ApiError("unauthorized", { details: { [failure.field]: failure.issue } });
    case "too_many_tries":
      return rateLimited(failure.retryAfterSeconds, failure.limit);
    case "password_queue_full":
      return new ApiError("unavailable", {
        headers: { "Retry-After": String(failure.retryAfterSeconds) },
        reason: "too many passwords are waiting to be checked",
      });
    case "wrong_confirmation":
      return invalid({ [failure.field]: "is wrong", tries_left: String(failure.triesLeft) });
    case "confirmation_missing":
      return invalid({ password: "is required" });
    case "proof_required":
      return new ApiError("confirmation_required", { details: { action: failure.action } });
  }
}

/** The answer to a request without a valid key or session. */
export const unauthorized = (credential: "key" | "session"): ApiError =>
  new ApiError("unauthorized", {
    headers: credential === "key" ? { "WWW-Authenticate": "Bearer" } : {},
  });

/** The answer when the limit `limit`, such as "30 writes per minute", is exhausted. */
export function rateLimited(retrySeconds: number, limit: string): ApiError {
  return new ApiError("rate_limited", {
    headers: { "Retry-After": String(retrySeconds) },
    details: { limit },
  });
}
