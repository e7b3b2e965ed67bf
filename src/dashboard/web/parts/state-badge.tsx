/** A state as a word with an icon, because color alone conveys nothing to some readers. */
import { Badge, type MantineColor } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";

interface StateBadgeProps {
  icon: TablerIcon;
  color: MantineColor;
  label: string;
}

export function StateBadge({ icon: Icon, color, label }: StateBadgeProps) {
  return (
    <Badge
      variant="default"
      tt="none"
      fw={500}
      leftSection={<Icon size={14} color={`var(--mantine-color-${color}-6)`} aria-hidden />}
    >
      {label}
    </Badge>
  );
}
