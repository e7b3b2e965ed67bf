/** The first run: opens the form for the first account by the link that the server printed. */
import { Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Welcome as WelcomeInfo } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { getData, send } from "../api/client.ts";
import { Loaded } from "../parts/loaded.tsx";
import { DeadLink } from "./DeadLink.tsx";
import { Entrance, Sheet } from "./Entrance.tsx";
import { FirstAccountForm } from "./FirstAccountForm.tsx";
import { isLinkRefused, useToken } from "./token.ts";

/** The organization's name, whether it requires an account, and whether the link is valid. */
async function checkLink(token: string | null) {
  const welcome = await getData<WelcomeInfo>("/welcome");
  if (token === null || !welcome.needs_account) return { welcome, isValid: false };
  try {
    await send("POST", "/first-account/check", { body: { token } });
    return { welcome, isValid: true };
  } catch (error) {
    if (isLinkRefused(error)) return { welcome, isValid: false };
    throw error;
  }
}

export function Welcome() {
  const token = useToken();
  const query = useQuery({
    // The token must not be part of the cache key.
    queryKey: ["first-account", token !== null],
    queryFn: () => checkLink(token),
    gcTime: 0,
  });
  const { data, refetch } = query;
  // A second link may be opened in the same tab.
  useEffect(() => {
    if (data) void refetch();
  }, [token]);

  if (!data)
    return (
      <Entrance title="Welcome">
        <Loaded query={query}>{() => null}</Loaded>
      </Entrance>
    );
  if (!data.welcome.needs_account) return <AccountExists />;
  if (token === null) return <LinkRequired />;
  if (!data.isValid) return <InvalidLink />;
  return (
    <FirstAccountForm
      token={token}
      organization={data.welcome.organization ?? ""}
      onLinkRefused={() => void refetch()}
    />
  );
}

function AccountExists() {
  return (
    <Entrance title="The first account already exists">
      <Sheet>
        <Stack align="flex-start">
          <Text size="sm">
            This link was for creating the first account. Sign in with your email and password.
          </Text>
          <Button component={Link} to={PAGE_PATHS.signIn}>
            Sign in
          </Button>
        </Stack>
      </Sheet>
    </Entrance>
  );
}

const LinkRequired = () => (
  <DeadLink title="Open the link from the server">
    <Text size="sm">
      This page requires the one-time link that the server prints when it starts.
    </Text>
    <NewLinkHelp />
  </DeadLink>
);

const InvalidLink = () => (
  <DeadLink>
    <Text size="sm">
      Check that the link is complete, and that the server did not restart since.
    </Text>
    <NewLinkHelp />
  </DeadLink>
);

const NewLinkHelp = () => (
  <Text size="sm">
    If you no longer have the link, restart the server for a new one, or run{" "}
    <code>allison admin create</code> on its machine.
  </Text>
);
