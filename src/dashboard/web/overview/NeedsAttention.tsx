/** What needs attention, each with a link to the page where a person can act on it. */
import { Group, Stack } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import type { Overview } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { PageLink } from "../parts/text.tsx";
import { Section } from "./Section.tsx";

type Attention = Overview["attention"];

const itemsOf = (attention: Attention) =>
  [
    {
      count: attention.open_items,
      one: "open message or callback request",
      many: "open messages and callback requests",
      to: PAGE_PATHS.attention,
    },
    {
      count: attention.auto_disabled_subscriptions,
      one: "webhook disabled by the server",
      many: "webhooks disabled by the server",
      to: `${PAGE_PATHS.webhooks}?enabled=false`,
    },
    {
      count: attention.failing_subscriptions,
      one: "failing webhook",
      many: "failing webhooks",
      to: `${PAGE_PATHS.webhooks}?enabled=true`,
    },
    {
      count: attention.expiring_keys,
      one: "API key expires within 14 days",
      many: "API keys expire within 14 days",
      to: PAGE_PATHS.keys,
    },
    {
      count: attention.unused_keys,
      one: "API key not used for 90 days",
      many: "API keys not used for 90 days",
      to: PAGE_PATHS.keys,
    },
  ].filter(({ count }) => count > 0);

export function NeedsAttention({ attention }: { attention: Attention }) {
  const items = itemsOf(attention);
  return (
    <Section title="Needs attention">
      {items.length === 0 ? (
        <Group gap="xs">
          <IconCheck size={18} color="var(--mantine-color-green-7)" aria-hidden />
          Nothing needs attention.
        </Group>
      ) : (
        <Stack gap={6}>
          {items.map(({ count, one, many, to }) => (
            <Group key={one} gap="xs" wrap="nowrap">
              <IconAlertTriangle
                size={18}
                color="var(--mantine-color-yellow-7)"
                aria-hidden
                style={{ flexShrink: 0 }}
              />
              <PageLink to={to}>
                {count.toLocaleString()} {count === 1 ? one : many}
              </PageLink>
            </Group>
          ))}
        </Stack>
      )}
    </Section>
  );
}
