/** The business and the server it has. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sessionQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { Copyable } from "../parts/text.tsx";
import { NameForm } from "./NameForm.tsx";
import { Section } from "./Section.tsx";

const READING = [
  { href: "/docs", title: "API reference" },
  { href: "/docs/webhooks", title: "Webhooks: how to receive and verify them" },
  { href: "/docs/errors", title: "Errors: what each means and what to do" },
  { href: "/openapi.json", title: "OpenAPI document" },
];

export function BusinessPage() {
  const { data: session } = useQuery(sessionQuery);
  if (!session) return null;
  return (
    <Page title="Business" about="Its name, and the server that answers for it.">
      <Section title="Name">
        <NameForm
          label="Business name"
          description="As callers know it. It stands above every page."
          name={session.organization.name ?? ""}
          path="/organization"
          entity="organization"
          emptyValue=""
        />
      </Section>
      <Section title="Server">
        <Fact title="Public address">
          <Copyable value={session.public_url} label="Copy the address" />
        </Fact>
        <Fact title="Version">{session.version}</Fact>
      </Section>
      <Section title="For developers">
        <Stack gap="xs">
          {READING.map(({ href, title }) => (
            <Anchor key={href} href={href} size="sm">
              {title}
            </Anchor>
          ))}
        </Stack>
      </Section>
    </Page>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Group gap="md">
      <Text size="sm" c="dimmed" w={120}>
        {title}
      </Text>
      {children}
    </Group>
  );
}
