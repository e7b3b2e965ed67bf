/** The frame of a page: its title, what it is for, its actions. And a panel beside a list. */
import { Box, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

/** Names the browser's tab after what is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Allison`;
  }, [title]);
}

interface PageProps {
  title: string;
  /** One sentence on what it is for. */
  about?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  useTitle(title);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <Box miw={0} flex="1 1 240px">
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {about && (
            <Text component="div" c="dimmed" size="sm" mt={4}>
              {about}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

interface PanelProps {
  title: string;
  /** Goes back to the list. Esc does it too. */
  onClose(): void;
  children: ReactNode;
  size?: number;
}

/** An item beside its list, with an address of its own; the whole width on a phone. */
export function Panel({ title, onClose, children, size = 520 }: PanelProps) {
  useTitle(title);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={size}
      title={
        <Title order={2} size="h4" style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
      }
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 0 }}
    >
      {children}
    </Drawer>
  );
}

/** Leads from a panel back to the list it stands beside, as that was filtered. */
export function usePanelClose(list: string): () => void {
  const navigate = useNavigate();
  return () => void navigate({ to: list, search: true as never });
}
