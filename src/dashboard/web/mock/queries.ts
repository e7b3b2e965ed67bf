/** Requests of a mock server's page to its own API under `/mock`. */
import { queryOptions } from "@tanstack/react-query";
import type { FaultRule, MockState, RecentDetail, TriggeredEvent } from "../../mock-answers.ts";
import { send } from "../api/client.ts";

const base = "/mock";
const POLL_MS = 1_000;

async function sendToMock<T>(
  method: "GET" | "POST",
  path: string,
  body?: object,
  signal?: AbortSignal,
) {
  return (await send<{ data: T }>(method, path, { base, body, signal })).body.data;
}

/** Polls every second while the page is visible. */
export const stateQuery = queryOptions({
  queryKey: ["mock"],
  queryFn: ({ signal }) => sendToMock<MockState>("GET", "/state", undefined, signal),
  refetchInterval: POLL_MS,
  refetchOnWindowFocus: "always",
});

export const requestQuery = (number: string) =>
  queryOptions({
    queryKey: ["mock", "request", number],
    queryFn: ({ signal }) =>
      sendToMock<RecentDetail>("GET", `/requests/${number}`, undefined, signal),
    gcTime: 0,
  });

export const setFaults = (rules: Partial<FaultRule>[]) => sendToMock("POST", "/faults", { rules });
export const reset = () => sendToMock<MockState>("POST", "/reset", {});
export const trigger = (event: string, set: Record<string, string>) =>
  sendToMock<TriggeredEvent>("POST", "/trigger", { event, set });
