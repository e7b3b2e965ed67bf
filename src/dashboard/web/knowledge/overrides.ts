/** Which entries override each other: a location's fact or policy overrides the organization-wide one with the same key. */
import { useQuery } from "@tanstack/react-query";
import type { KnowledgeEntry } from "../../answers.ts";
import { allQuery } from "../api/queries.ts";
import { ENTRY_TYPES, titleOf } from "./entry-types.ts";

export interface Overrides {
  /** The organization-wide entry that this one overrides. */
  overrides: KnowledgeEntry | null;
  /** The entries of locations that override this one. */
  overriddenBy: KnowledgeEntry[];
}

/** Loads all facts and policies (there are few), and returns the function that finds an entry's overrides. */
export function useOverrides(): (entry: KnowledgeEntry) => Overrides {
  const { data: facts = [] } = useQuery(allQuery<object>(ENTRY_TYPES.fact.resource.path, ["fact"]));
  const { data: policies = [] } = useQuery(
    allQuery<object>(ENTRY_TYPES.policy.resource.path, ["policy"]),
  );
  const all = [
    ...facts.map((fact) => ({ type: "fact", ...fact }) as KnowledgeEntry),
    ...policies.map((policy) => ({ type: "policy", ...policy }) as KnowledgeEntry),
  ];
  return (entry) => {
    const sameKey = all.filter(
      (other) =>
        other.type === entry.type && other.id !== entry.id && titleOf(other) === titleOf(entry),
    );
    if (entry.location_id === null) return { overrides: null, overriddenBy: sameKey };
    return {
      overrides: sameKey.find(({ location_id }) => location_id === null) ?? null,
      overriddenBy: [],
    };
  };
}
