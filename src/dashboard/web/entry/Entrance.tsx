/** The layout of the pages that require no session: the logo, a title and a form. */
import { Card, Container, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTitle } from "../parts/page.tsx";

interface EntranceProps {
  title: string;
  about?: ReactNode;
  size?: number;
  children: ReactNode;
}

export function Entrance({ title, about, size = 400, children }: EntranceProps) {
  useTitle(title);
  return (
    <Container component="main" size={size} py={{ base: "xl", sm: 72 }}>
      <Stack gap="lg">
        <div>
          <Group gap="sm" mb="lg">
            <img src="/docs/icon.svg" alt="" width={28} height={28} />
            <Text fw={650}>Allison</Text>
          </Group>
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {about && (
            <Text component="div" c="dimmed" size="sm" mt={4}>
              {about}
            </Text>
          )}
        </div>
        {children}
      </Stack>
    </Container>
  );
}

/** A card around a form. */
export function Sheet({ children }: { children: ReactNode }) {
  return (
    <Card withBorder padding="lg">
      {children}
    </Card>
  );
}
