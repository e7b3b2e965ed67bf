/** The token of a one-time link. */
import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";

/** The token behind the `#`, which then stands neither in the address nor in the history. Null where there is none. */
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
