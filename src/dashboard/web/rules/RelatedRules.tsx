/** The escalation rules that refer to an object, in its panel. */
import { Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { EscalationRule } from "../../answers.ts";
import { pagePath } from "../../page-paths.ts";
import { allQuery } from "../api/queries.ts";
import { escalationRules } from "../api/resources.ts";
import { PageLink } from "../parts/text.tsx";

interface RelatedRulesProps {
  title: string;
  /** Whether a rule refers to the object. */
  matches(rule: EscalationRule): boolean;
}

export function RelatedRules({ title, matches }: RelatedRulesProps) {
  const { data } = useQuery(
    allQuery<EscalationRule>(escalationRules.path, [escalationRules.entity]),
  );
  const rules = data?.filter(matches) ?? [];
  if (rules.length === 0) return null;
  return (
    <div>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      {rules.map(({ id, name, active }) => (
        <div key={id} className="anywhere">
          <PageLink to={pagePath("rule", { id })}>{name}</PageLink>
          {!active && (
            <Text span size="sm" c="dimmed">
              {" "}
              · inactive
            </Text>
          )}
        </div>
      ))}
    </div>
  );
}
