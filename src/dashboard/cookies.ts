/** The two cookies: the session's, and the one that makes a browser known to an account, which opens nothing. */
import { LIMITS } from "../config.ts";

export const SESSION_COOKIE = "allison_session";
export const DEVICE_COOKIE = "allison_device";

const DAY_SECONDS = 86_400;
const DEVICE_DAYS = 365;

/** No script reads them, and no other site's page sends them along. `secure`: the public address is https. */
const cookie = (name: string, value: string, days: number, secure: boolean) =>
  new Bun.Cookie(name, value, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure,
    maxAge: days * DAY_SECONDS,
  }).serialize();

export const sessionCookie = (token: string, secure: boolean) =>
  cookie(SESSION_COOKIE, token, LIMITS.sessionDays, secure);
export const noSessionCookie = (secure: boolean) => cookie(SESSION_COOKIE, "", 0, secure);
export const deviceCookie = (device: string, secure: boolean) =>
  cookie(DEVICE_COOKIE, device, DEVICE_DAYS, secure);

export const readCookie = (request: Request, name: string): string | null =>
  new Bun.CookieMap(request.headers.get("cookie") ?? "").get(name);
