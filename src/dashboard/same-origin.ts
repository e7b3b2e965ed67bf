/**
 * Closes the dashboard to requests that another site's page makes a browser send. Beside the cookie's SameSite, which an
 * old browser or another service on the same host would get past.
 */
import { requireContentType } from "../http/body.ts";
import { ApiError } from "../http/errors.ts";

const READING = new Set(["GET", "HEAD"]);

/**
 * Throws `forbidden_origin` for a request that changes something and does not come from the server's own pages, and
 * `unsupported_media_type` for one that a plain form could send. `publicUrl`: where people reach the server.
 */
export function requireSameOrigin(request: Request, publicUrl: string): void {
  if (READING.has(request.method)) return;
  const site = request.headers.get("sec-fetch-site");
  const own = site === null ? isOwn(request, publicUrl) : site === "same-origin";
  if (!own) throw new ApiError("forbidden_origin");
  requireContentType(request, "application/json");
}

/** Browsers leave Sec-Fetch-Site out where a page came over plain http from another machine; Origin is there. */
function isOwn(request: Request, publicUrl: string): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || !URL.canParse(origin)) return false;
  const { host, origin: parsed } = new URL(origin);
  return host === request.headers.get("host") || parsed === new URL(publicUrl).origin;
}
