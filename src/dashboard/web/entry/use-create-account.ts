/** Creates an account by a one-time link, and opens the dashboard with it. */
import type { UseFormReturnType } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { SessionInfo } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { showFieldErrors } from "../parts/field-errors.ts";
import { isLinkRefused } from "./token.ts";

/** `path`: the route that takes the form and the token. `onLinkRefused`: called when the link has become invalid. */
export function useCreateAccount<Values extends Record<string, unknown> & { name: string }>(
  form: UseFormReturnType<Values>,
  path: "/first-account" | "/invitation",
  token: string,
  onLinkRefused: () => void,
) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);
  const [failures, setFailures] = useState(0);
  // The form may be longer than a phone's screen, so the invalid input may be out of view.
  useEffect(() => {
    if (failures > 0) document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [failures]);

  async function createAccount(values: Values) {
    setIsSending(true);
    setProblem(null);
    try {
      const body = { ...values, name: values.name || undefined, token };
      const answer = await send<{ data: SessionInfo }>("POST", path, { body });
      client.clear();
      client.setQueryData(sessionQuery.queryKey, answer.body.data);
      await navigate({ to: PAGE_PATHS.overview });
    } catch (error) {
      if (isLinkRefused(error)) onLinkRefused();
      else setProblem(showFieldErrors(form, error));
      setFailures((count) => count + 1);
    } finally {
      setIsSending(false);
    }
  }

  return { createAccount, problem, isSending };
}
