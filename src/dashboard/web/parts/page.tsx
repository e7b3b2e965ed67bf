/** The layout of a page, and of a panel beside a list. */
import { Box, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

/** Sets the title of the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Allison`;
  }, [title]);
}

interface PageProps {
  title: string;
  /** One sentence on what the page is for. */
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
  /** Goes back to the list; also called for Esc. */
  onClose(): void;
  children: ReactNode;
  size?: number;
}

/** An object beside its list, at its own path. It fills a phone's screen. */
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

/** Returns a function that goes from a panel to its list and keeps the list's search parameters. */
export function usePanelClose(listPath: string): () => void {
  const navigate = useNavigate();
  return () => void navigate({ to: listPath, search: true as never });
}
