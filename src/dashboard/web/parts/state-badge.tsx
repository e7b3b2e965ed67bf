/** What something is at, in a word with its sign; the colour says nothing by itself. */
import { Badge, type MantineColor } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";

export function StateBadge({
  icon: Icon,
  color,
  word,
}: {
  icon: TablerIcon;
  color: MantineColor;
  word: string;
}) {
  return (
    <Badge
      variant="default"
      tt="none"
      fw={500}
      leftSection={<Icon size={14} color={`var(--mantine-color-${color}-6)`} aria-hidden />}
    >
      {word}
    </Badge>
  );
}
