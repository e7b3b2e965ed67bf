/** The page for a one-time link that cannot be used. */
import { Alert, Stack } from "@mantine/core";
import { IconLinkOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Entrance } from "./Entrance.tsx";

interface DeadLinkProps {
  title?: string;
  /** Why, and what to do. */
  children: ReactNode;
}

export function DeadLink({
  title = "This link is invalid or has expired",
  children,
}: DeadLinkProps) {
  return (
    <Entrance title={title}>
      <Alert color="yellow" variant="light" icon={<IconLinkOff />} role="alert">
        <Stack gap="sm" align="flex-start">
          {children}
        </Stack>
      </Alert>
    </Entrance>
  );
}
