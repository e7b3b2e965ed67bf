/** Escalation rules that can be reordered by dragging, by keyboard or by menu. */
import {
  type Active,
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  type Over,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon, Badge, Card, Group, Menu, Stack, Text } from "@mantine/core";
import { IconDots, IconGripVertical } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { EscalationRule } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { intents, teamMembers } from "../api/resources.ts";
import { useNames } from "../parts/choices.tsx";
import { formatAction, formatCondition } from "./labels.ts";

interface RuleListProps {
  rules: EscalationRule[];
  isOrderFixed: boolean;
  onMove(id: string, position: number): void;
}

const positionOf = (rules: EscalationRule[], { id }: Active | Over) =>
  rules.findIndex((rule) => rule.id === id);

/** What a screen reader announces while a rule is dragged. */
function announcementsFor(rules: EscalationRule[]): Announcements {
  const nameOf = (active: Active) => rules[positionOf(rules, active)]?.name;
  return {
    onDragStart: ({ active }) => `Picked up ${nameOf(active)}.`,
    onDragOver: ({ active, over }) =>
      over
        ? `${nameOf(active)} is over position ${positionOf(rules, over) + 1} of ${rules.length}.`
        : undefined,
    onDragEnd: ({ active, over }) =>
      over ? `${nameOf(active)} was moved to position ${positionOf(rules, over) + 1}.` : undefined,
    onDragCancel: ({ active }) => `${nameOf(active)} was not moved.`,
  };
}

export function RuleList({ rules, isOrderFixed, onMove }: RuleListProps) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over && active.id !== over.id) onMove(String(active.id), positionOf(rules, over));
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={onDragEnd}
      accessibility={{ announcements: announcementsFor(rules) }}
    >
      <SortableContext items={rules} strategy={verticalListSortingStrategy} disabled={isOrderFixed}>
        <Stack component="section" aria-label="Rules" gap="xs">
          {rules.map((rule, position) => (
            <RuleCard
              key={rule.id}
              rule={rule}
              position={position}
              isLast={position === rules.length - 1}
              isOrderFixed={isOrderFixed}
              onMove={(target) => onMove(rule.id, target)}
            />
          ))}
        </Stack>
      </SortableContext>
    </DndContext>
  );
}

interface RuleCardProps {
  rule: EscalationRule;
  position: number;
  isLast: boolean;
  isOrderFixed: boolean;
  onMove(position: number): void;
}

function RuleCard({ rule, position, isLast, isOrderFixed, onMove }: RuleCardProps) {
  const sortable = useSortable({ id: rule.id });
  return (
    <Card
      ref={sortable.setNodeRef}
      withBorder
      padding="xs"
      style={{
        transform: CSS.Translate.toString(sortable.transform),
        transition: sortable.transition,
      }}
    >
      <Group wrap="nowrap" gap="xs">
        {!isOrderFixed && (
          <ActionIcon
            ref={sortable.setActivatorNodeRef}
            variant="subtle"
            color="gray"
            {...sortable.attributes}
            {...sortable.listeners}
            aria-label={`Drag ${rule.name}`}
            style={{ cursor: "grab", touchAction: "none" }}
          >
            <IconGripVertical size={16} />
          </ActionIcon>
        )}
        <Text w={20} ta="right" c="dimmed" className="figures">
          {position + 1}
        </Text>
        <RuleSummary rule={rule} />
        {!isOrderFixed && (
          <MoveMenu rule={rule} position={position} isLast={isLast} onMove={onMove} />
        )}
      </Group>
    </Card>
  );
}

function RuleSummary({ rule }: { rule: EscalationRule }) {
  const intentNames = useNames(intents);
  const memberNames = useNames(teamMembers);
  return (
    <div className="anywhere" style={{ flex: 1, minWidth: 0 }}>
      <Link
        to={PAGE_PATHS.rule}
        params={{ id: rule.id }}
        search={true}
        className="rule-link"
        data-row
      >
        {rule.name}
      </Link>{" "}
      {!rule.active && (
        <Badge variant="default" tt="none">
          Inactive
        </Badge>
      )}
      <Text size="sm" c="dimmed">
        {formatCondition(rule.condition, intentNames.nameOf)} →{" "}
        {formatAction(rule, memberNames.nameOf)}
      </Text>
    </div>
  );
}

type MoveMenuProps = Omit<RuleCardProps, "isOrderFixed">;

function MoveMenu({ rule, position, isLast, onMove }: MoveMenuProps) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Move ${rule.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={position === 0} onClick={() => onMove(position - 1)}>
          Move up
        </Menu.Item>
        <Menu.Item disabled={isLast} onClick={() => onMove(position + 1)}>
          Move down
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
