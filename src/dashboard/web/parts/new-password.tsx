/** An input for a new password with a strength meter. The meter never refuses a password. */
import { Box, Group, PasswordInput, type PasswordInputProps, Progress, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";

/** By score, from 0 to 4. */
const STRENGTHS = [
  { color: "red", label: "Very weak" },
  { color: "red", label: "Weak" },
  { color: "yellow", label: "Fair" },
  { color: "brand", label: "Strong" },
  { color: "brand", label: "Very strong" },
] as const;

/** The score of a password; null while it is empty or the estimator is not loaded. */
function useScore(password: string, userInputs: readonly string[]): number | null {
  const [scoreOf, setScoreOf] = useState<typeof import("./password-score.ts").scoreOf>();
  const [settled] = useDebouncedValue(password, 150);
  const hasText = password !== "";
  useEffect(() => {
    if (!hasText) return;
    import("./password-score.ts").then(
      (loaded) => setScoreOf(() => loaded.scoreOf),
      // The form works without the meter.
      () => {},
    );
  }, [hasText]);
  return hasText && settled !== "" && scoreOf ? scoreOf(settled, userInputs) : null;
}

interface NewPasswordProps extends PasswordInputProps {
  value?: string;
  /** What an attacker knows about the user, such as the email; see `scoreOf`. */
  userInputs?: readonly string[];
}

export function NewPassword({ userInputs = [], ...input }: NewPasswordProps) {
  const score = useScore(input.value ?? "", userInputs);
  return (
    <Box>
      <PasswordInput
        description="Use a few unrelated words: easy to remember, hard to guess."
        autoComplete="new-password"
        {...input}
      />
      <Group gap="xs" mt={6} mih={20} wrap="nowrap" aria-live="polite">
        {score !== null && <StrengthMeter score={score} />}
      </Group>
    </Box>
  );
}

function StrengthMeter({ score }: { score: number }) {
  const { color, label } = STRENGTHS[score]!;
  return (
    <>
      <Progress
        value={((score + 1) / STRENGTHS.length) * 100}
        color={color}
        size="sm"
        w={120}
        aria-hidden
      />
      <Text size="xs" c="dimmed">
        {label}
      </Text>
    </>
  );
}
