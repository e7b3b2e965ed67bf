/** What stands where the content will, would or cannot be: skeletons, empty states, failures. */
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

/** Nothing for the first 300 ms: what comes at once must not flicker. */
export function Delayed({ children }: { children: ReactNode }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return due ? children : null;
}

/** Lines in the shape of text that is still to come. */
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

/** What failed, why, and a button that tries again. */
export function FailureNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title="This could not be loaded"
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

/** An empty list: what would be here, and the next thing to do. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon: TablerIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
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
