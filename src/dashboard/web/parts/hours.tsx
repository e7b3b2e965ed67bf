/** Opening hours by day of the week, to be edited and to be read. */
import { ActionIcon, Button, Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { IconCopy, IconPlus, IconX } from "@tabler/icons-react";
import type { Location } from "../../answers.ts";

type Hours = NonNullable<Location["hours"]>;
type Day = keyof Hours;

const DAYS: readonly Day[] = [
  ...(["monday", "tuesday", "wednesday", "thursday", "friday"] as const),
  ...(["saturday", "sunday"] as const),
];
const WEEKDAYS = DAYS.slice(1, 5);
const NONE = Object.fromEntries(DAYS.map((day) => [day, []])) as unknown as Hours;
const nameOf = (day: Day) => day.charAt(0).toUpperCase() + day.slice(1);

interface HoursFieldProps {
  label: string;
  /** Explains what applies while no hours are set. */
  whenUnset: string;
  form: UseFormReturnType<Record<string, unknown>>;
  /** The field's name in the form. */
  name: string;
}

export function HoursField({ label, whenUnset, form, name }: HoursFieldProps) {
  const hours = form.values[name] as Hours | null;
  const set = (value: Hours | null) => form.setFieldValue(name, value as never);
  return (
    <Stack component="fieldset" gap="xs" className="plain">
      <Text component="legend" fw={500} size="sm">
        {label}
      </Text>
      <Switch
        label="Hours are given"
        description={hours === null ? whenUnset : undefined}
        checked={hours !== null}
        onChange={({ currentTarget }) => set(currentTarget.checked ? NONE : null)}
      />
      {hours !== null &&
        DAYS.map((day) => (
          <Group key={day} align="flex-start" gap="xs" wrap="nowrap">
            <Text w={92} size="sm" pt={6}>
              {nameOf(day)}
            </Text>
            <Stack gap={4} flex={1}>
              {hours[day].length === 0 && (
                <Text size="sm" c="dimmed" pt={6}>
                  Closed
                </Text>
              )}
              {hours[day].map((_, i) => (
                <Group key={i} gap={4} wrap="nowrap" align="flex-start">
                  {(["open", "close"] as const).map((end) => (
                    <TextInput
                      key={end}
                      size="xs"
                      aria-label={`${nameOf(day)}, period ${i + 1}, ${end === "open" ? "from" : "to"}`}
                      placeholder={end === "open" ? "09:00" : "17:30"}
                      maxLength={5}
                      inputMode="numeric"
                      {...form.getInputProps(`${name}.${day}.${i}.${end}`)}
                    />
                  ))}
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Remove period ${i + 1} of ${nameOf(day)}`}
                    onClick={() => form.removeListItem(`${name}.${day}`, i)}
                  >
                    <IconX size={14} />
                  </ActionIcon>
                </Group>
              ))}
            </Stack>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Add a period to ${nameOf(day)}`}
              onClick={() =>
                form.insertListItem(`${name}.${day}`, { open: "09:00", close: "17:00" })
              }
            >
              <IconPlus size={16} />
            </ActionIcon>
          </Group>
        ))}
      {hours !== null && hours.monday.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconCopy size={14} />}
          style={{ alignSelf: "flex-start" }}
          onClick={() =>
            set({ ...hours, ...Object.fromEntries(WEEKDAYS.map((day) => [day, hours.monday])) })
          }
        >
          The same from Tuesday to Friday
        </Button>
      )}
    </Stack>
  );
}
