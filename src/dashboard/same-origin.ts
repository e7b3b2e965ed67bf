/**
 * Refuses requests that another site's page makes a browser send. It complements the cookie's SameSite, which old browsers
 * ignore and which does not stop another service on the same host.
 */
import { requireContentType } from "../http/body.ts";
import { ApiError } from "../http/errors.ts";

const READING_METHODS = new Set(["GET", "HEAD"]);

/**
 * Throws `forbidden_origin` for a write that does not come from the server's own pages, and `unsupported_media_type` for
 * one that a plain form could send. `publicUrl`: the address at which people reach the server.
 */
export function requireSameOrigin(request: Request, publicUrl: string): void {
  if (READING_METHODS.has(request.method)) return;
  const site = request.headers.get("sec-fetch-site");
  const isSameOrigin = site === null ? hasOwnOrigin(request, publicUrl) : site === "same-origin";
  if (!isSameOrigin) throw new ApiError("forbidden_origin");
  requireContentType(request, "application/json");
}

/** Browsers omit Sec-Fetch-Site where a page was loaded over plain http from another machine. They still send Origin. */
function hasOwnOrigin(request: Request, publicUrl: string): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || !URL.canParse(origin)) return false;
  const { host, origin: parsed } = new URL(origin);
  return host === request.headers.get("host") || parsed === new URL(publicUrl).origin;
}
