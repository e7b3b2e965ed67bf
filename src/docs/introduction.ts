/** The parts of the reference that belong to no single operation: its introduction and its sections. */
import { LIMITS } from "../config.ts";
import introductionTemplate from "./pages/introduction.md" with { type: "text" };
import { fillPlaceholders } from "./placeholders.ts";

/** The section of the events. Generators of clients mix up paths and events that share a tag. */
export const EVENTS_SECTION = "Events";

/** The sections in their order, with a description each. A route's `tag` is one of these names. */
export const SECTIONS: Record<string, string> = {
  Connection: "The organization and the key of a request. Start here to test your connection.",
  Calls:
    "Transcripts, summaries and outcomes of calls. Calls are read-only here; the voice platform writes them.",
  Contacts: "The people who call. Each call creates or updates a contact.",
  Knowledge:
    "Facts, FAQs and policies that the receptionist may use, for the whole organization or for one location.",
  Locations: "Addresses, opening hours and phone numbers of the business.",
  "Team members": "The people to whom calls can be transferred, and when.",
  "Escalation rules":
    "When a call leaves the receptionist, and what happens then. The first active rule that matches applies.",
  Intents: "What callers want, and how the receptionist handles it.",
  "Webhook subscriptions":
    "URLs that receive events, and the result of every delivery. [Webhooks](/docs/webhooks) explains how to receive and verify them.",
  [EVENTS_SECTION]:
    "What the server sends to the URLs of subscriptions: one request for each event. These are not endpoints of the server.",
  Platform:
    "The voice platform sends its calls here, with a key of its own (`av_plat_…`) and without a rate limit.",
};

/** Requests that a key may make. */
export interface Budgets {
  readsPerMinute: number;
  writesPerMinute: number;
}

const formatMebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
const formatCount = (value: number) => value.toLocaleString("en-US");

/** Returns the document's `info.description`, in Markdown. */
export const introduction = ({ readsPerMinute, writesPerMinute }: Budgets): string =>
  fillPlaceholders(introductionTemplate, {
    readsPerMinute: formatCount(readsPerMinute),
    writesPerMinute: formatCount(writesPerMinute),
    pageMax: LIMITS.pageMax,
    pageDefault: LIMITS.pageDefault,
    idempotencyKeyLength: LIMITS.idempotencyKeyLength,
    idempotencyHours: LIMITS.idempotencyHours,
    bodySize: formatMebibytes(LIMITS.bodyBytes),
    recordSize: formatMebibytes(LIMITS.recordBytes),
    nameLength: formatCount(LIMITS.nameLength),
    textLength: formatCount(LIMITS.textLength),
    urlLength: formatCount(LIMITS.urlLength),
    listEntries: formatCount(LIMITS.listEntries),
    customEntries: LIMITS.customEntries,
    customLength: LIMITS.customLength,
    transcriptTurns: formatCount(LIMITS.transcriptTurns),
    searchLength: LIMITS.searchLength,
    searchWords: LIMITS.searchWords,
    webhookSubscriptions: LIMITS.webhookSubscriptions,
    deliveryDays: LIMITS.deliveryDays,
    failedAuthPerMinute: LIMITS.failedAuthPerMinute,
  }).trim();
