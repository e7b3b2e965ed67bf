/**
 * The dashboard's cookies. The session cookie signs a user in. The device cookie only identifies a browser that has signed
 * in to an account before.
 */
import { LIMITS } from "../config.ts";

export const SESSION_COOKIE = "allison_session";
export const DEVICE_COOKIE = "allison_device";

const DAY_SECONDS = 86_400;
const DEVICE_DAYS = 365;

/** Scripts cannot read the cookies and other sites cannot send them. `secure`: browsers send them over https only. */
const serializeCookie = (name: string, value: string, days: number, secure: boolean) =>
  new Bun.Cookie(name, value, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure,
    maxAge: days * DAY_SECONDS,
  }).serialize();

export const sessionCookie = (token: string, secure: boolean) =>
  serializeCookie(SESSION_COOKIE, token, LIMITS.sessionDays, secure);
export const expiredSessionCookie = (secure: boolean) =>
  serializeCookie(SESSION_COOKIE, "", 0, secure);
export const deviceCookie = (device: string, secure: boolean) =>
  serializeCookie(DEVICE_COOKIE, device, DEVICE_DAYS, secure);

export const readCookie = (request: Request, name: string): string | null =>
  new Bun.CookieMap(request.headers.get("cookie") ?? "").get(name);
