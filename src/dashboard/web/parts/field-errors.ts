/** Shows at the fields of a form what the server refused. */
import type { UseFormReturnType } from "@mantine/form";
import { explainError, Failure, formatFieldName } from "../api/client.ts";
import { capitalize } from "./capitalize.ts";

/** "must be in E.164 form" as a sentence. */
const toSentence = (problem: string): string => `${capitalize(problem)}.`;

/** Sets the errors of the form's fields. Returns an error that belongs to no field, to be shown above the buttons. */
export function showFieldErrors<V extends Record<string, unknown>>(
  form: Pick<UseFormReturnType<V>, "setErrors" | "getValues">,
  error: unknown,
): string | null {
  if (!(error instanceof Failure) || Object.keys(error.details).length === 0)
    return explainError(error);
  const fields = Object.keys(form.getValues());
  const isField = ([name]: [string, string]) => fields.includes(name.split(".")[0]!);
  const details = Object.entries(error.details);
  form.setErrors(
    Object.fromEntries(
      details.filter(isField).map(([name, problem]) => [name, toSentence(problem)]),
    ),
  );
  const other = details.find((detail) => !isField(detail));
  return other ? `${formatFieldName(other[0])} ${other[1]}.` : null;
}

/** "Incorrect password. 3 attempts left.", without the count where the server reports none. */
export function formatIncorrect(what: "code" | "password", { details }: Failure): string {
  const left = details.tries_left;
  if (left === undefined) return `Incorrect ${what}.`;
  return `Incorrect ${what}. ${left} ${left === "1" ? "attempt" : "attempts"} left.`;
}
