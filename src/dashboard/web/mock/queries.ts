/** What the page of a mock server asks, and what it has it do. */
import { queryOptions } from "@tanstack/react-query";
import type { FaultRule, MockState, RecentDetail, TriggeredEvent } from "../../mock-answers.ts";
import { send } from "../api/client.ts";

const base = "/mock";
const LOOK_MS = 1_000;

async function ask<T>(method: "GET" | "POST", path: string, body?: object, signal?: AbortSignal) {
  return (await send<{ data: T }>(method, path, { base, body, signal })).body.data;
}

/** Read again every second while the page is looked at. */
export const stateQuery = queryOptions({
  queryKey: ["mock"],
  queryFn: ({ signal }) => ask<MockState>("GET", "/state", undefined, signal),
  refetchInterval: LOOK_MS,
  refetchOnWindowFocus: "always",
});

export const requestQuery = (number: string) =>
  queryOptions({
    queryKey: ["mock", "request", number],
    queryFn: ({ signal }) => ask<RecentDetail>("GET", `/requests/${number}`, undefined, signal),
    gcTime: 0,
  });

export const setFaults = (rules: Partial<FaultRule>[]) => ask("POST", "/faults", { rules });
export const reset = () => ask<MockState>("POST", "/reset", {});
export const trigger = (event: string, set: Record<string, string>) =>
  ask<TriggeredEvent>("POST", "/trigger", { event, set });
