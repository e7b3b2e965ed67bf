/** What a page shows in place of its content: skeletons, empty states, errors. */
import {
  Alert,
  Button,
  Center,
  Group,
  Skeleton,
  Stack,
  Text,
  ThemeIcon,
  Title,
} from "@mantine/core";
import { IconAlertTriangle, type TablerIcon } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { explainError } from "../api/client.ts";

const SKELETON_DELAY_MS = 300;

/** Renders nothing at first, so that content which loads at once does not flicker. */
export function Delayed({ children }: { children: ReactNode }) {
  const [isDue, setIsDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsDue(true), SKELETON_DELAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return isDue ? children : null;
}

/** Lines in the shape of text that is loading. */
export function SkeletonLines({ lines = 6 }: { lines?: number }) {
  return (
    <Delayed>
      <Stack gap="sm" aria-busy="true" aria-label="Loading">
        {Array.from({ length: lines }, (_, i) => (
          <Skeleton key={i} height={16} width={`${90 - ((i * 17) % 40)}%`} />
        ))}
      </Stack>
    </Delayed>
  );
}

/** What failed, why, and a button to try again. */
export function FailureNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title="Could not load"
      role="alert"
    >
      <Group justify="space-between">
        <Text size="sm">{explainError(error)}</Text>
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}

interface EmptyProps {
  icon: TablerIcon;
  title: string;
  children?: ReactNode;
  /** A button for the next step. */
  action?: ReactNode;
}

/** An empty list: what will appear here, and how to add the first item. */
export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <Center py={48}>
      <Stack align="center" gap="sm" maw={420} ta="center">
        <ThemeIcon variant="light" size={48} radius="xl">
          <Icon size={24} />
        </ThemeIcon>
        <Title order={2} size="h4">
          {title}
        </Title>
        {children && (
          <Text component="div" c="dimmed" size="sm">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}
