/** The words of the reference that belong to no single operation: its introduction and a sentence for each section. */
import { LIMITS } from "../config.ts";

/** The sections in their order. A route's `tag` is one of these names. */
export const SECTIONS: Record<string, string> = {
  Connection: "Which business and which key a request is made for: the first thing to try.",
  Calls:
    "What was said and what came of it. Calls are read only here; the voice platform writes them.",
  Contacts: "Who calls. Contacts fill themselves from the calls that come in.",
  Knowledge:
    "Facts, FAQs and policies: what the receptionist may say, for the whole organization or for one location.",
  Locations: "Where the business is, when it is open and which number belongs to it.",
  "Team members": "To whom calls are passed on, and when.",
  "Escalation rules":
    "When a call leaves the receptionist's hands. The first active rule that matches wins.",
  Intents: "What a caller may want, and what the receptionist does about it.",
  "Webhook subscriptions":
    "Which address is told of which events, and what became of each delivery. How to receive and verify them is at [/docs/webhooks](/docs/webhooks).",
  Platform:
    "How calls come in: the voice platform tells of them here, with a key of its own (`av_plat_…`) and without a rate limit.",
};

export interface Budgets {
  readsPerMinute: number;
  writesPerMinute: number;
}

const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
const count = (value: number) => value.toLocaleString("en-US");

/** `info.description`, in Markdown. */
export const introduction = ({ readsPerMinute, writesPerMinute }: Budgets) =>
  `
The public API of the Allison voice receptionist: read what was said on the phone, and keep the contacts, knowledge,
locations, team members, escalation rules and intents it goes by. JSON over HTTP, times in UTC, ids are UUIDs.

Every error is explained at [/docs/errors](/docs/errors), webhooks at [/docs/webhooks](/docs/webhooks), and how to test
against a mock server at [/docs/mock](/docs/mock).

## Keys

Send \`Authorization: Bearer av_live_…\` with every request. A key **reads** (any GET) or **writes** (everything). It is
shown once, when it is made; make one with \`allison keys create\`. A key that is switched off or
deleted stops with the very next request. The API answers to servers, not to browsers of other sites: it sends no CORS
header.

## Rate limits

Each key has two budgets of its own: ${count(readsPerMinute)} reads (GET, HEAD) and ${count(writesPerMinute)} writes a minute. Each is a token
bucket: a burst may use the whole limit at once, what was used comes back evenly, and the sustained rate is the limit.
\`RateLimit\` tells in each answer what is left. Over it the answer is 429, and a client that waits the seconds of
\`Retry-After\` is let through.

## Errors

\`{"error": "short_machine_code", "details": {"field": "what is wrong with it"}}\`, with \`details\` only where there is
something to say. Decide by \`error\`; \`details\` is for people. \`X-Request-Id\` is in every answer and ties it to the
server's log; a client may send its own.

## Lists

\`{"data": […], "has_more": true, "next_cursor": "…"}\`: send \`next_cursor\` as \`cursor\`, with the same filters, for the
next page. \`limit\` is 1 to ${LIMITS.pageMax}, ${LIMITS.pageDefault} where nothing is said. Nothing is skipped or doubled while rows are added. A page
costs the same wherever it is, which is why there is no total. \`from\` is inclusive, \`to\` is not.

## Sending it twice

An \`Idempotency-Key\` (1 to ${LIMITS.idempotencyKeyLength} characters) makes a POST safe to repeat: for ${LIMITS.idempotencyHours} hours the same key on the same path
is answered with the first answer and \`Idempotent-Replayed: true\`. With another body it is 409. PUT, PATCH and DELETE
are safe to repeat as they are.

## Two at once

Single objects have an \`ETag\`. Send it as \`If-None-Match\` and an unchanged object is 304 without a body; send it as
\`If-Match\` with a write, and a change made meanwhile by somebody else is 412 in place of being overwritten. PUT and
PATCH both change only the fields that are sent.

## Limits

| what | limit |
| --- | --- |
| body of a request | ${mebibytes(LIMITS.bodyBytes)} (a call record: ${mebibytes(LIMITS.recordBytes)}) |
| names and other short texts | ${count(LIMITS.nameLength)} characters |
| contents | ${count(LIMITS.textLength)} characters |
| web addresses | ${count(LIMITS.urlLength)} characters |
| entries of a list | ${count(LIMITS.listEntries)} |
| own values of a contact | ${LIMITS.customEntries} of ${LIMITS.customLength} characters |
| turns of a transcript | ${count(LIMITS.transcriptTurns)} |
| words to search for | ${LIMITS.searchLength} characters |
| deliveries of webhooks | kept ${LIMITS.deliveryDays} days |
| failed authentications of an address | ${LIMITS.failedAuthPerMinute} a minute |

Lengths count Unicode code points. Fields have their own limits where they differ, stated with each.

## What v1 promises

Fields, endpoints, optional request fields, values of enumerations and filters may be added, so ignore what you do not
know. Nothing is removed, renamed, given another type or made stricter. Unknown fields and query parameters are passed
over.
`.trim();
