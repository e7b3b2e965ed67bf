/** /docs/errors: every code of the catalogue with its cause, its cure and an answer as it looks. */
import { STATUS_CODES } from "node:http";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { ApiError, errorBody } from "../http/errors.ts";
import { type Html, html, jsonBlock, sentence } from "./html.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** Headers that belong to an error. */
const WITH: Partial<Record<ErrorCode, string>> = {
  unauthorized: "WWW-Authenticate: Bearer",
  method_not_allowed: "Allow: GET, HEAD, POST",
  rate_limited: "Retry-After: 2",
  unavailable: "Retry-After: 5",
};

function entry(code: ErrorCode): Html {
  const { status, meaning, cure, details } = ERRORS[code] as (typeof ERRORS)[ErrorCode] & {
    details?: Details;
  };
  const body = JSON.parse(errorBody(new ApiError(code, details && { details })));
  const header = WITH[code];
  return html`<section id="${code}">
<h2><a href="#${code}">${code}</a><span class="status status-${String(status)[0]!}">${status}</span></h2>
<p>${sentence(meaning)}</p>
<p class="cure"><strong>What to do</strong> ${sentence(cure)}</p>
<p class="caption">${status} ${STATUS_CODES[status] ?? ""}${header ? html`<br>${header}` : ""}</p>
${jsonBlock(body)}
</section>
`;
}

export const errorsBody = (): Html => html`<main class="with-contents">
<div class="opening">
<h1>Errors</h1>
<p class="lead">Every error, on any path, is JSON with a short code to decide by. ${sentence("`details`")} is there only where there is something to say, and is for people.</p>
</div>
<nav class="contents" aria-label="Codes">
<p>Codes</p>
<ul>${CODES.map((code) => html`<li><a href="#${code}">${code}</a> <span>${ERRORS[code].status}</span></li>`)}</ul>
</nav>
<article>
${jsonBlock({ error: "short_machine_code", details: { field: "what is wrong with it" } })}
<p>Requests are checked in this order: key, rate limit, access of the key, path, method, body, Idempotency-Key, object, ${sentence("`If-Match`")}. ${sentence("`X-Request-Id`")} is in every answer; the owner of the server finds the request in the log by it. More codes may be added, so treat one you do not know by its status.</p>
${CODES.map(entry)}
</article>
</main>`;
