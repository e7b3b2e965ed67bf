/** Facts by name in a card; those that are not known are left out. */
import { Card, Title } from "@mantine/core";
import type { ReactNode } from "react";

export function Facts({ title, facts }: { title: string; facts: Record<string, ReactNode> }) {
  const known = Object.entries(facts).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <dl className="facts">
        {known.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
