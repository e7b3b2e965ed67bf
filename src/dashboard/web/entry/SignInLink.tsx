/** A link that signs in once: a mock server or a demo prints it when it starts. */
import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconLinkOff } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import type { SessionInfo } from "../../answers.ts";
import { Failure, getData, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Entrance } from "./Entrance.tsx";
import { useToken } from "./token.ts";

/** Whoever is signed in stays so; the link is not used up then. Null for a link that opens nothing. */
async function open(token: string | null): Promise<SessionInfo | null> {
  const session = await getData<SessionInfo>("/session").catch(() => null);
  if (session !== null || token === null) return session;
  try {
    const body = { token };
    return (await send<{ data: SessionInfo }>("POST", "/sign-in-link", { body })).body.data;
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return null;
    throw error;
  }
}

export function SignInLink() {
  const token = useToken();
  const client = useQueryClient();
  const router = useRouter();
  const { data, error, refetch } = useQuery({
    // The token itself is no part of what is remembered.
    queryKey: ["sign-in-link", token !== null],
    queryFn: () => open(token),
    gcTime: 0,
  });
  useEffect(() => {
    if (!data) return;
    client.setQueryData(sessionQuery.queryKey, data);
    router.history.replace("/");
  }, [data, client, router]);

  if (error)
    return (
      <Entrance title="Welcome">
        <FailureNotice error={error} retry={() => void refetch()} />
      </Entrance>
    );
  if (data !== null)
    return (
      <Entrance title="Welcome">
        <SkeletonLines lines={4} />
      </Entrance>
    );
  return (
    <Entrance title="This link opens nothing">
      <Alert color="yellow" variant="light" icon={<IconLinkOff />} role="alert">
        <Stack gap="sm" align="flex-start">
          <Text size="sm">
            It has been used, or is from an earlier start of the server. Sign in with the email and
            password that the server printed below it, or start it again for a new link.
          </Text>
          <Button component={Link} to="/sign-in" size="xs">
            Go to the sign-in
          </Button>
        </Stack>
      </Alert>
    </Entrance>
  );
}
