/** How the pages speak with the server: JSON, mostly under /dashboard/api, with what goes wrong as a Failure. */
import type { Confirmation } from "../../answers.ts";

const BASE = "/dashboard/api";

/** An answer that is an error, or none at all (`status` 0). `details` are named by field, as in the API. */
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

/** Values of a query string; those that are undefined or empty are left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SendOptions {
  query?: QueryValues;
  body?: unknown;
  /** What `confirm` gave for this very action. */
  proof?: Confirmation["proof"];
  /** The ETag of the version that is to be changed. */
  ifMatch?: string;
  signal?: AbortSignal;
  /** Under what the path is, where it is not the dashboard's API. */
  base?: string;
}

/** An answer with the ETag of what it shows; null where it has none. */
export interface Answer<T> {
  body: T;
  etag: string | null;
}

/** The address of a path of the dashboard's API, for links and downloads. */
export function addressOf(path: string, query: QueryValues = {}, base = BASE): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return base + path + (text && `?${text}`);
}

/** How long after the last key or click somebody is taken to be there. */
const THERE_MS = 60_000;
let lastInput = Date.now();
for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"])
  addEventListener(kind, () => (lastInput = Date.now()), { passive: true, capture: true });

/** Sends a request; throws a Failure for any answer but 2xx. `path` is under /dashboard/api. */
export async function send<T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  { query, body, proof, ifMatch, signal, base }: SendOptions = {},
): Promise<Answer<T>> {
  const headers = new Headers();
  if (method !== "GET") headers.set("Content-Type", "application/json");
  // What an open page reads by itself keeps nobody signed in.
  if (Date.now() - lastInput > THERE_MS) headers.set("X-Unattended", "true");
  if (proof !== undefined) headers.set("X-Confirmation", proof);
  if (ifMatch !== undefined) headers.set("If-Match", ifMatch);
  const request = { method, headers, body: JSON.stringify(body), signal };
  const response = await fetch(addressOf(path, query, base), request).catch((error) => {
    if (signal?.aborted) throw error;
    throw new Failure(0, "unreachable", {});
  });
  if (!response.ok) throw await failureOf(response);
  const text = await response.text();
  return {
    body: (text === "" ? undefined : JSON.parse(text)) as T,
    etag: response.headers.get("etag"),
  };
}

async function failureOf(response: Response): Promise<Failure> {
  const body = await response.json().catch(() => ({}));
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new Failure(
    ...([response.status, body.error ?? "unreadable", body.details ?? {}] as const),
    Number.isNaN(wait) ? null : wait,
  );
}

/** The `data` of an answer. */
export async function getData<T>(
  path: string,
  query?: QueryValues,
  signal?: AbortSignal,
): Promise<T> {
  const answer = await send<{ data: T }>("GET", path, { query, signal });
  return answer.body.data;
}

/** What happened, why and what to do, for a person. */
export function explainError(error: unknown): string {
  if (!(error instanceof Failure)) return "The page failed. Load it again.";
  const first = Object.entries(error.details)[0];
  switch (error.code) {
    case "unreachable":
      return "The server does not answer. Check that it runs and that you are connected, then try again.";
    case "unauthorized":
      return "You are signed out. Sign in again.";
    case "not_found":
      return "This is not there any more.";
    case "rate_limited":
      return `Too many tries. Wait ${formatWait(error.waitSeconds ?? 60)}, then try again.`;
    case "unavailable":
      return "The server is stopping, or its disk takes no more. Try again in a moment.";
    case "precondition_failed":
      return "Somebody else changed this since you opened it.";
    case "forbidden_origin":
      return "The server does not know this address as its own. Open the dashboard at the address it names when it starts, or set --public-url.";
    default:
      return first
        ? `${formatFieldName(first[0])} ${first[1]}.`
        : "The server failed to do this. Its log says why.";
  }
}

/** "20 seconds", "a minute", "15 minutes": rather too long than too short. */
function formatWait(seconds: number): string {
  if (seconds < 50) return seconds === 1 ? "a second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}

/** `condition.intent_id` as a person reads it. */
export const formatFieldName = (name: string) => {
  const words = name.replaceAll(/[._]/g, " ").replace(/ id$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
