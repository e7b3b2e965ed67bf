/** The business's country, whose phone numbers may be entered without a country code. */
import { Alert, Select, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { COUNTRIES } from "../../../lib/phone.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";

const names = new Intl.DisplayNames(undefined, { type: "region" });
const CHOICES = COUNTRIES.map((value) => ({ value, label: names.of(value) ?? value })).sort(
  (a, b) => a.label.localeCompare(b.label),
);

export function CountryForm({ country }: { country: string | null }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string | null>(null);

  async function save(value: string | null) {
    setProblem(null);
    try {
      await send("PATCH", "/organization", { body: { country: value } });
      await refreshQueries(client, ["organization"]);
    } catch (error) {
      setProblem(explainError(error));
    }
  }

  return (
    <Stack gap="sm">
      <Select
        label="Country"
        description="Phone numbers of this country can be entered and sent without a country code."
        placeholder="None"
        data={CHOICES}
        value={country}
        onChange={(value) => void save(value)}
        searchable
        clearable
        nothingFoundMessage="No matches"
        maw={420}
      />
      {problem && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
    </Stack>
  );
}
