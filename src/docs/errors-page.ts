/** /docs/errors: every error code with its cause, its cure and an example response. */
import { STATUS_CODES } from "node:http";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { ApiError, errorBody } from "../http/errors.ts";
import template from "./pages/errors.md" with { type: "text" };
import { fillPlaceholders, jsonFence } from "./placeholders.ts";

/** Headers of the example responses. */
const EXAMPLE_HEADERS: Partial<Record<ErrorCode, string>> = {
  unauthorized: "WWW-Authenticate: Bearer",
  method_not_allowed: "Allow: GET, HEAD, POST",
  rate_limited: "Retry-After: 2",
  unavailable: "Retry-After: 5",
};

function describeCode(code: ErrorCode): string {
  const { status, meaning, cure, details } = ERRORS[code] as (typeof ERRORS)[ErrorCode] & {
    details?: Details;
  };
  const body = JSON.parse(errorBody(new ApiError(code, details && { details })));
  const header = EXAMPLE_HEADERS[code];
  const caption = `${status} ${STATUS_CODES[status] ?? ""}${header ? ` · ${header}` : ""}`;
  return `## \`${code}\` ${status}

${meaning}

**What to do** ${cure}

${jsonFence(body, caption)}`;
}

export const errorsPage = (): string =>
  fillPlaceholders(template, {
    codes: (Object.keys(ERRORS) as ErrorCode[]).map(describeCode).join("\n\n"),
  });
