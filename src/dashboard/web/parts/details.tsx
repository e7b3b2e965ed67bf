/** Values with their labels in a card; entries without a value are left out. */
import { Card, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface DetailsProps {
  title: string;
  /** The values by label. */
  entries: Record<string, ReactNode>;
}

export function Details({ title, entries }: DetailsProps) {
  const present = Object.entries(entries).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <dl className="details">
        {present.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
