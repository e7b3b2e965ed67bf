import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";

/** Whether the user may manage keys and webhooks: the server refuses that to members, so they see no buttons for it. */
export const useIsOwner = (): boolean => useQuery(sessionQuery).data?.user.role === "owner";
