/** One-time links. */
import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Failure } from "../api/client.ts";

/**
 * The token after the `#`, null where there is none. It is removed from the address, so that neither the address bar nor
 * the history keeps it.
 */
export function useToken(): string | null {
  const { hash, pathname } = useLocation();
  const [token, setToken] = useState(hash || null);
  useEffect(() => {
    if (hash === "") return;
    setToken(hash);
    window.history.replaceState(window.history.state, "", pathname);
  }, [hash, pathname]);
  return token;
}

/** Whether the server refused the token of a link as invalid or used. */
export const isLinkRefused = (error: unknown): boolean =>
  error instanceof Failure && error.status === 404;
