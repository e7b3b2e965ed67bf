/** The list of escalation rules in their order, with filters. */
import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlus, IconRoute } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EscalationRule } from "../../answers.ts";
import { NEW_ID, pagePath } from "../../page-paths.ts";
import { explainError, send } from "../api/client.ts";
import { allQuery, refreshQueries } from "../api/queries.ts";
import { escalationRules } from "../api/resources.ts";
import { ActiveFilter, LocationFilter } from "../parts/filters.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { RuleList } from "./RuleList.tsx";

const rulesQuery = allQuery<EscalationRule>(escalationRules.path, ["escalation_rule"]);

/** Moves a rule to another position. Optimistic: the new order shows at once and is reverted if the server refuses it. */
function useMoveRule() {
  const client = useQueryClient();
  const { queryKey } = rulesQuery;
  return useMutation({
    mutationFn: ({ id, position }: { id: string; position: number }) =>
      send("PATCH", `${escalationRules.path}/${id}`, { body: { position } }),
    async onMutate({ id, position }) {
      await client.cancelQueries({ queryKey });
      const previous = client.getQueryData(queryKey);
      client.setQueryData(queryKey, (rules = []) => {
        const others = rules.filter((rule) => rule.id !== id);
        const moved = rules.filter((rule) => rule.id === id);
        return [...others.slice(0, position), ...moved, ...others.slice(position)];
      });
      return previous;
    },
    onError: (_error, _move, previous) => client.setQueryData(queryKey, previous),
    onSettled: () => refreshQueries(client, ["escalation_rule"]),
  });
}

export function RulesPage() {
  const [{ location_id, active }] = useListSearch();
  const query = useQuery(rulesQuery);
  const move = useMoveRule();
  const isFiltered = location_id !== undefined || active !== undefined;
  const matches = (rule: EscalationRule) =>
    (location_id === undefined || rule.location_id === location_id) &&
    (active === undefined || String(rule.active) === active);
  const add = (
    <Button
      component={Link}
      to={pagePath("rule", { id: NEW_ID })}
      leftSection={<IconPlus size={16} />}
    >
      Add rule
    </Button>
  );
  return (
    <Page
      title="Escalation rules"
      about="When the receptionist escalates a call. The first active rule that matches applies."
      actions={add}
    >
      <Group gap="xs" role="search">
        <LocationFilter />
        <ActiveFilter />
        {isFiltered && (
          <Text size="sm" c="dimmed">
            Clear the filters to change the order.
          </Text>
        )}
      </Group>
      {move.error && (
        <Alert color="red" variant="light" role="alert">
          The order was not changed. {explainError(move.error)}
        </Alert>
      )}
      <Loaded
        query={query}
        isEmpty={(rules) => !rules.some(matches)}
        empty={isFiltered ? <Text c="dimmed">No matches</Text> : <NoRules action={add} />}
      >
        {(rules) => (
          <RuleList
            rules={rules.filter(matches)}
            isOrderFixed={isFiltered}
            onMove={(id, position) => move.mutate({ id, position })}
          />
        )}
      </Loaded>
      <Outlet />
    </Page>
  );
}

const NoRules = ({ action }: { action: ReactNode }) => (
  <Empty icon={IconRoute} title="No rules yet" action={action}>
    Without rules, the receptionist handles every call.
  </Empty>
);
