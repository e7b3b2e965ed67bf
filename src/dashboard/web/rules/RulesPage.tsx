/** Escalation rules in their order, which is changed by dragging, by keyboard or by menu. */
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
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
import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Card,
  Group,
  Menu,
  Select,
  Stack,
  Text,
} from "@mantine/core";
import { IconDots, IconGripVertical, IconPlus, IconRoute } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import type { EscalationRule } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { allQuery, refreshQueries } from "../api/queries.ts";
import { escalationRules, intents, teamMembers } from "../api/resources.ts";
import { LocationSelect, useNames } from "../parts/choices.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty, FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { sayAction, sayCondition } from "./words.ts";

const query = allQuery<EscalationRule>(escalationRules.path, ["escalation_rule"]);

/** Moves a rule to another place: shown at once, and taken back where the server refuses. */
function useMove() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, position }: { id: string; position: number }) =>
      send("PATCH", `${escalationRules.path}/${id}`, { body: { position } }),
    async onMutate({ id, position }) {
      await client.cancelQueries({ queryKey: query.queryKey });
      const before = client.getQueryData(query.queryKey);
      client.setQueryData(query.queryKey, (rules = []) => {
        const others = rules.filter((rule) => rule.id !== id);
        return [
          ...others.slice(0, position),
          ...rules.filter((rule) => rule.id === id),
          ...others.slice(position),
        ];
      });
      return before;
    },
    onError: (_error, _move, before) => client.setQueryData(query.queryKey, before),
    onSettled: () => refreshQueries(client, ["escalation_rule"]),
  });
}

export function RulesPage() {
  const [search, change] = useListSearch();
  const list = useQuery(query);
  const move = useMove();
  const filtered = search.location_id !== undefined || search.active !== undefined;
  const rules = list.data?.filter(
    ({ location_id, active }) =>
      (search.location_id === undefined || location_id === search.location_id) &&
      (search.active === undefined || String(active) === search.active),
  );
  const add = (
    <Button component={Link} to="/rules/new" leftSection={<IconPlus size={16} />}>
      Add rule
    </Button>
  );
  return (
    <Page
      title="Escalation rules"
      about="When a call leaves the receptionist's hands. The first active rule that matches wins."
      actions={add}
    >
      <Group gap="xs" role="search">
        <LocationSelect
          label={undefined}
          aria-label="Location"
          placeholder="Any location"
          value={search.location_id ?? null}
          onChange={(value) => change({ location_id: value ?? undefined })}
        />
        <Select
          aria-label="State"
          placeholder="Any state"
          clearable
          data={[
            { value: "true", label: "Active" },
            { value: "false", label: "Switched off" },
          ]}
          value={search.active ?? null}
          onChange={(value) => change({ active: value ?? undefined })}
        />
        {filtered && (
          <Text size="sm" c="dimmed">
            The order can be changed when all rules are shown.
          </Text>
        )}
      </Group>
      {move.error && (
        <Alert color="red" variant="light" role="alert">
          The order stays as it was. {explainError(move.error)}
        </Alert>
      )}
      {list.error && !rules ? (
        <FailureNotice error={list.error} retry={() => void list.refetch()} />
      ) : !rules ? (
        <SkeletonLines />
      ) : rules.length === 0 ? (
        filtered ? (
          <Text c="dimmed">No rule fits these filters.</Text>
        ) : (
          <Empty icon={IconRoute} title="No rules yet" action={add}>
            Without one, the receptionist handles every call alone.
          </Empty>
        )
      ) : (
        <Rules
          rules={rules}
          fixed={filtered}
          onMove={(id, position) => move.mutate({ id, position })}
        />
      )}
      <Outlet />
    </Page>
  );
}

interface RulesProps {
  rules: EscalationRule[];
  /** Whether the order cannot be changed now. */
  fixed: boolean;
  onMove(id: string, position: number): void;
}

function Rules({ rules, fixed, onMove }: RulesProps) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const placeOf = (id: unknown) => rules.findIndex((rule) => rule.id === id);
  const nameOf = (id: unknown) => rules[placeOf(id)]?.name;
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over && active.id !== over.id) onMove(String(active.id), placeOf(over.id));
  };
  const announcements = {
    onDragStart: ({ active }: { active: { id: unknown } }) => `Picked up ${nameOf(active.id)}.`,
    onDragOver: ({ active, over }: { active: { id: unknown }; over: { id: unknown } | null }) =>
      over
        ? `${nameOf(active.id)} is over place ${placeOf(over.id) + 1} of ${rules.length}.`
        : undefined,
    onDragEnd: ({ active, over }: { active: { id: unknown }; over: { id: unknown } | null }) =>
      over ? `${nameOf(active.id)} was put at place ${placeOf(over.id) + 1}.` : undefined,
    onDragCancel: ({ active }: { active: { id: unknown } }) =>
      `${nameOf(active.id)} stays where it was.`,
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={onDragEnd}
      accessibility={{ announcements }}
    >
      <SortableContext items={rules} strategy={verticalListSortingStrategy} disabled={fixed}>
        <Stack component="section" aria-label="Rules" gap="xs">
          {rules.map((rule, place) => (
            <Rule
              key={rule.id}
              rule={rule}
              place={place}
              last={place === rules.length - 1}
              fixed={fixed}
              onMove={(position) => onMove(rule.id, position)}
            />
          ))}
        </Stack>
      </SortableContext>
    </DndContext>
  );
}

interface RuleProps {
  rule: EscalationRule;
  place: number;
  last: boolean;
  fixed: boolean;
  onMove(position: number): void;
}

function Rule({ rule, place, last, fixed, onMove }: RuleProps) {
  const sortable = useSortable({ id: rule.id });
  const wishes = useNames(intents);
  const members = useNames(teamMembers);
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
        {!fixed && (
          <ActionIcon
            ref={sortable.setActivatorNodeRef}
            variant="subtle"
            color="gray"
            {...sortable.attributes}
            {...sortable.listeners}
            aria-label={`Move ${rule.name}`}
            style={{ cursor: "grab", touchAction: "none" }}
          >
            <IconGripVertical size={16} />
          </ActionIcon>
        )}
        <Text w={20} ta="right" c="dimmed" className="figures">
          {place + 1}
        </Text>
        <div style={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
          <Link
            to="/rules/$id"
            params={{ id: rule.id }}
            search={true}
            className="rule-link"
            data-row
          >
            {rule.name}
          </Link>{" "}
          {!rule.active && (
            <Badge variant="default" tt="none">
              Switched off
            </Badge>
          )}
          <Text size="sm" c="dimmed">
            {sayCondition(rule.condition, wishes.nameOf)} → {sayAction(rule, members.nameOf)}
          </Text>
        </div>
        {!fixed && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`Place of ${rule.name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={place === 0} onClick={() => onMove(place - 1)}>
                Move up
              </Menu.Item>
              <Menu.Item disabled={last} onClick={() => onMove(place + 1)}>
                Move down
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Card>
  );
}
