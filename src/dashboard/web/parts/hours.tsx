/** An input for opening hours by day of the week. */
import { ActionIcon, Button, Group, Stack, Switch, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { IconCopy, IconPlus, IconX } from "@tabler/icons-react";
import type { Location } from "../../answers.ts";
import { capitalize } from "./capitalize.ts";

type Hours = NonNullable<Location["hours"]>;
type Day = keyof Hours;
type Form = UseFormReturnType<Record<string, unknown>>;

const DAYS: readonly Day[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];
/** The days that can take over the periods of Monday. */
const TUESDAY_TO_FRIDAY = DAYS.slice(1, 5);
const CLOSED = Object.fromEntries(DAYS.map((day) => [day, []])) as unknown as Hours;
const DEFAULT_PERIOD = { open: "09:00", close: "17:00" };

interface HoursFieldProps {
  label: string;
  /** Explains what applies while no hours are set. */
  whenUnset: string;
  form: Form;
  /** The field's name in the form. */
  name: string;
}

export function HoursField({ label, whenUnset, form, name }: HoursFieldProps) {
  const hours = form.values[name] as Hours | null;
  const setHours = (value: Hours | null) => form.setFieldValue(name, value as never);
  const copyMonday = ({ monday }: Hours): Hours => ({
    ...hours!,
    ...Object.fromEntries(TUESDAY_TO_FRIDAY.map((day) => [day, monday])),
  });
  return (
    <Stack component="fieldset" gap="xs" className="plain">
      <Text component="legend" fw={500} size="sm">
        {label}
      </Text>
      <Switch
        label="Set hours"
        description={hours === null ? whenUnset : undefined}
        checked={hours !== null}
        onChange={({ currentTarget }) => setHours(currentTarget.checked ? CLOSED : null)}
      />
      {hours !== null &&
        DAYS.map((day) => (
          <DayRow
            key={day}
            day={capitalize(day)}
            periods={hours[day].length}
            form={form}
            path={`${name}.${day}`}
          />
        ))}
      {hours !== null && hours.monday.length > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconCopy size={14} />}
          style={{ alignSelf: "flex-start" }}
          onClick={() => setHours(copyMonday(hours))}
        >
          Copy Monday to Tuesday–Friday
        </Button>
      )}
    </Stack>
  );
}

interface DayRowProps {
  day: string;
  /** How many periods the day has. */
  periods: number;
  form: Form;
  /** The path of the day's periods in the form. */
  path: string;
}

function DayRow({ day, periods, form, path }: DayRowProps) {
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <Text w={92} size="sm" pt={6}>
        {day}
      </Text>
      <Stack gap={4} flex={1}>
        {periods === 0 && (
          <Text size="sm" c="dimmed" pt={6}>
            Closed
          </Text>
        )}
        {Array.from({ length: periods }, (_, i) => (
          <PeriodInputs
            key={i}
            label={`${day}, period ${i + 1}`}
            form={form}
            path={`${path}.${i}`}
            onRemove={() => form.removeListItem(path, i)}
          />
        ))}
      </Stack>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Add a period to ${day}`}
        onClick={() => form.insertListItem(path, DEFAULT_PERIOD)}
      >
        <IconPlus size={16} />
      </ActionIcon>
    </Group>
  );
}

interface PeriodInputsProps {
  label: string;
  form: Form;
  path: string;
  onRemove(): void;
}

function PeriodInputs({ label, form, path, onRemove }: PeriodInputsProps) {
  return (
    <Group gap={4} wrap="nowrap" align="flex-start">
      {(["open", "close"] as const).map((end) => (
        <TextInput
          key={end}
          size="xs"
          aria-label={`${label}, ${end === "open" ? "from" : "to"}`}
          placeholder={DEFAULT_PERIOD[end]}
          maxLength={5}
          inputMode="numeric"
          {...form.getInputProps(`${path}.${end}`)}
        />
      ))}
      <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${label}`} onClick={onRemove}>
        <IconX size={14} />
      </ActionIcon>
    </Group>
  );
}
