/** The sign-in page. */
import { Alert, Anchor, Stack, Text } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import type { SessionInfo, Welcome } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { getData } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { SkeletonLines } from "../parts/states.tsx";
import { Entrance } from "./Entrance.tsx";
import { SignInForm } from "./SignInForm.tsx";

/** Where to go after signing in: a path of the dashboard. `//` and `/\` would lead to another host. */
const safePath = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])/.test(next) ? next : PAGE_PATHS.overview;

/** The organization's name, whether an account exists, and the session of this browser. */
const arrivalQuery = {
  queryKey: ["arrival"],
  queryFn: async () => {
    const welcome = await getData<Welcome>("/welcome");
    const session = welcome.needs_account
      ? null
      : await getData<SessionInfo>("/session").catch(() => null);
    return { welcome, session };
  },
  gcTime: 0,
};

export function SignIn() {
  const { next } = useSearch({ from: PAGE_PATHS.signIn });
  const router = useRouter();
  const client = useQueryClient();
  const arrival = useQuery(arrivalQuery);
  const enter = (session: SessionInfo) => {
    // Removes the cached data of the previous user.
    client.clear();
    client.setQueryData(sessionQuery.queryKey, session);
    router.history.replace(safePath(next));
  };
  const session = arrival.data?.session;
  useEffect(() => {
    if (session) enter(session);
  }, [session]);

  if (!arrival.data || session)
    return (
      <Entrance title="Sign in">
        <Loaded query={arrival} lines={4}>
          {() => <SkeletonLines lines={4} />}
        </Loaded>
      </Entrance>
    );
  const { organization, needs_account } = arrival.data.welcome;
  if (needs_account) return <NoAccount onRetry={() => void arrival.refetch()} />;
  return <SignInForm organization={organization} onSignedIn={enter} />;
}

function NoAccount({ onRetry }: { onRetry(): void }) {
  return (
    <Entrance title="No account yet">
      <Alert variant="light" icon={<IconTerminal2 />} title="Open the link that the server printed">
        <Stack gap="xs">
          <Text size="sm">
            The server prints a one-time link for the first account when it starts. If you no longer
            have it, restart the server for a new link, or run <code>allison admin create</code> on
            its machine.
          </Text>
          <Anchor component="button" size="sm" ta="left" onClick={onRetry}>
            I created an account
          </Anchor>
        </Stack>
      </Alert>
    </Entrance>
  );
}
