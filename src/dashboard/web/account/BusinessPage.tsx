/** The business's name and country, the server's address and version, and links for developers. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { sessionQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { Copyable } from "../parts/text.tsx";
import { CountryForm } from "./CountryForm.tsx";
import { NameForm } from "./NameForm.tsx";
import { Section } from "./Section.tsx";

const DOCS = [
  { href: "/docs", title: "API reference" },
  { href: "/docs/webhooks", title: "Webhooks" },
  { href: "/docs/errors", title: "Errors" },
  { href: "/openapi.json", title: "OpenAPI document" },
];

export function BusinessPage() {
  const { data: session } = useQuery(sessionQuery);
  if (!session) return null;
  return (
    <Page title="Business" about="Your business and this server.">
      <Section title="Name">
        <NameForm
          label="Business name"
          description="The name that callers know. It appears at the top of every page."
          name={session.organization.name ?? ""}
          path="/organization"
          entity="organization"
          emptyValue=""
        />
      </Section>
      <Section title="Country">
        <CountryForm country={session.organization.country} />
      </Section>
      <Section title="Server">
        <Detail label="Public URL">
          <Copyable value={session.public_url} label="Copy URL" />
        </Detail>
        <Detail label="Version">{session.version}</Detail>
      </Section>
      <Section title="Developers">
        <Stack gap="xs">
          {DOCS.map(({ href, title }) => (
            <Anchor key={href} href={href} size="sm">
              {title}
            </Anchor>
          ))}
        </Stack>
      </Section>
    </Page>
  );
}

function Detail({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group gap="md">
      <Text size="sm" c="dimmed" w={120}>
        {label}
      </Text>
      {children}
    </Group>
  );
}
