/** Which entries override each other: a fact or policy of a location goes before the organization-wide one of the same key. */
import { useQuery } from "@tanstack/react-query";
import type { KnowledgeEntry } from "../../answers.ts";
import { allQuery } from "../api/queries.ts";
import { headOf, KINDS } from "./kinds.ts";

/** For an entry: the organization-wide one that it overrides, and those of locations that override it. */
export interface Overrides {
  overrides: KnowledgeEntry | null;
  overriddenBy: KnowledgeEntry[];
}

/** All facts and policies, which are few, by what overrides what. */
export function useOverrides(): (entry: KnowledgeEntry) => Overrides {
  const { data: facts = [] } = useQuery(allQuery<object>(KINDS.fact.resource.path, ["fact"]));
  const { data: policies = [] } = useQuery(
    allQuery<object>(KINDS.policy.resource.path, ["policy"]),
  );
  const all = [
    ...facts.map((fact) => ({ type: "fact", ...fact }) as KnowledgeEntry),
    ...policies.map((policy) => ({ type: "policy", ...policy }) as KnowledgeEntry),
  ];
  return (entry) => {
    const same = all.filter(
      (other) =>
        other.type === entry.type && other.id !== entry.id && headOf(other) === headOf(entry),
    );
    return {
      overrides:
        entry.location_id === null
          ? null
          : (same.find(({ location_id }) => location_id === null) ?? null),
      overriddenBy: entry.location_id === null ? same : [],
    };
  };
}
