/** Requests to the server: JSON, mostly under /dashboard/api. Every error is a Failure. */
import type { Confirmation } from "../../answers.ts";
import { capitalize } from "../parts/capitalize.ts";

const BASE = "/dashboard/api";

/** An error response, or no response at all (`status` 0). `details` are named by field, as in the API. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly details: Readonly<Record<string, string>>,
    /** How long the server asks to wait; null where it does not. */
    readonly waitSeconds: number | null = null,
  ) {
    super(code);
  }
}

/** Values of a query string. Undefined and empty values are left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SendOptions {
  query?: QueryValues;
  body?: unknown;
  /** Proves that the user confirmed this action; see `useConfirmIdentity`. */
  proof?: Confirmation["proof"];
  /** The ETag of the version to change. */
  ifMatch?: string;
  signal?: AbortSignal;
  /** Replaces the base path of the dashboard's API. */
  base?: string;
}

/** A response with the ETag of the object in it; null where it has none. */
export interface Answer<T> {
  body: T;
  etag: string | null;
}

/** The URL of a path of the dashboard's API, for links and downloads. */
export function addressOf(path: string, query: QueryValues = {}, base = BASE): string {
  const present = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(
    present.map(([name, value]) => [name, String(value)]),
  ).toString();
  return base + path + (text && `?${text}`);
}

/** The user counts as present for this long after the last input. */
const PRESENT_MS = 60_000;
let lastInput = Date.now();
for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"])
  addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true });

/** Sends a request and throws a Failure unless the response is a 2xx. */
export async function send<T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  { query, body, proof, ifMatch, signal, base }: SendOptions = {},
): Promise<Answer<T>> {
  const headers = new Headers();
  if (method !== "GET") headers.set("Content-Type", "application/json");
  // Polling by an abandoned page must not extend the session.
  if (Date.now() - lastInput > PRESENT_MS) headers.set("X-Unattended", "true");
  if (proof !== undefined) headers.set("X-Confirmation", proof);
  if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
  const request = { method, headers, body: JSON.stringify(body), signal };
  const response = await fetch(addressOf(path, query, base), request).catch((error) => {
    if (signal?.aborted) throw error;
    throw new Failure(0, "unreachable", {});
  });
  if (!response.ok) throw await readFailure(response);
  const text = await response.text();
  return {
    body: (text === "" ? undefined : JSON.parse(text)) as T,
    etag: response.headers.get("etag"),
  };
}

async function readFailure(response: Response): Promise<Failure> {
  const body = await response.json().catch(() => ({}));
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new Failure(
    response.status,
    body.error ?? "unreadable",
    body.details ?? {},
    Number.isNaN(wait) ? null : wait,
  );
}

/** The `data` of a response. */
export async function getData<T>(
  path: string,
  query?: QueryValues,
  signal?: AbortSignal,
): Promise<T> {
  const answer = await send<{ data: T }>("GET", path, { query, signal });
  return answer.body.data;
}

/** What went wrong and what to do about it, for the user. */
export function explainError(error: unknown): string {
  if (!(error instanceof Failure)) return "Something went wrong on this page. Reload it.";
  const first = Object.entries(error.details)[0];
  switch (error.code) {
    case "unreachable":
      return "The server does not respond. Check your connection, then try again.";
    case "unauthorized":
      return "You are signed out. Sign in again.";
    case "not_found":
      return "This item no longer exists.";
    case "rate_limited":
      return `Too many attempts. Wait ${formatWait(error.waitSeconds ?? 60)}, then try again.`;
    case "unavailable":
      return "The server is stopping, or its disk is full. Try again in a moment.";
    case "precondition_failed":
      return "Someone else changed this since you opened it.";
    case "insufficient_role":
      return "Only an owner can do this. Ask an owner of this dashboard.";
    case "forbidden_origin":
      return "The server does not accept requests from this address. Open the dashboard at the address that the server prints when it starts, or set --public-url.";
    default:
      return first
        ? `${formatFieldName(first[0])} ${first[1]}.`
        : "The server could not do this. Its log has the reason.";
  }
}

/** "20 seconds", "1 minute", "15 minutes", rounded up. */
function formatWait(seconds: number): string {
  const [count, unit] = seconds < 50 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}

/** `condition.intent_id` as "Condition intent". */
export const formatFieldName = (name: string): string =>
  capitalize(name.replaceAll(/[._]/g, " ").replace(/ id$/, ""));
