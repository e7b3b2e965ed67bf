/** Signs in by the one-time link that a mock server or a demo prints when it starts. */
import { Button, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import type { SessionInfo } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { getData, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { SkeletonLines } from "../parts/states.tsx";
import { DeadLink } from "./DeadLink.tsx";
import { Entrance } from "./Entrance.tsx";
import { isLinkRefused, useToken } from "./token.ts";

/** Returns null for an invalid link. Does not use up the link where the browser has a session already. */
async function openSession(token: string | null): Promise<SessionInfo | null> {
  const session = await getData<SessionInfo>("/session").catch(() => null);
  if (session !== null || token === null) return session;
  try {
    const body = { token };
    return (await send<{ data: SessionInfo }>("POST", "/sign-in-link", { body })).body.data;
  } catch (error) {
    if (isLinkRefused(error)) return null;
    throw error;
  }
}

export function SignInLink() {
  const token = useToken();
  const client = useQueryClient();
  const router = useRouter();
  const query = useQuery({
    // The token must not be part of the cache key.
    queryKey: ["sign-in-link", token !== null],
    queryFn: () => openSession(token),
    gcTime: 0,
  });
  const session = query.data;
  useEffect(() => {
    if (!session) return;
    client.setQueryData(sessionQuery.queryKey, session);
    router.history.replace(PAGE_PATHS.overview);
  }, [session, client, router]);

  if (session !== null)
    return (
      <Entrance title="Sign in">
        <Loaded query={query} lines={4}>
          {() => <SkeletonLines lines={4} />}
        </Loaded>
      </Entrance>
    );
  return (
    <DeadLink>
      <Text size="sm">
        The link was used, or the server restarted since. Sign in with the email and password that
        the server printed below the link, or restart the server for a new link.
      </Text>
      <Button component={Link} to={PAGE_PATHS.signIn} size="xs">
        Sign in
      </Button>
    </DeadLink>
  );
}
