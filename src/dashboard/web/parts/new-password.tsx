/** A password that is being chosen, with a hint of how easily it is guessed. The hint refuses nothing. */
import { Box, Group, PasswordInput, type PasswordInputProps, Progress, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";

const HINTS = [
  { color: "red", words: "Guessed at once" },
  { color: "red", words: "Easy to guess" },
  { color: "yellow", words: "Could be guessed" },
  { color: "brand", words: "Hard to guess" },
  { color: "brand", words: "Very hard to guess" },
] as const;

/** Of the password as it stands; null while it is empty, and while the means to tell are not there. */
function useScore(password: string, known: readonly string[]): number | null {
  const [scoreOf, setScoreOf] = useState<typeof import("./password-score.ts").scoreOf>();
  const [settled] = useDebouncedValue(password, 150);
  const typed = password !== "";
  useEffect(() => {
    if (!typed) return;
    import("./password-score.ts").then(
      (loaded) => setScoreOf(() => loaded.scoreOf),
      // Without the hint the form works all the same.
      () => {},
    );
  }, [typed]);
  return typed && settled !== "" && scoreOf ? scoreOf(settled, known) : null;
}

interface NewPasswordProps extends PasswordInputProps {
  value?: string;
  /** What somebody who guesses knows of the person, such as the email. */
  known?: readonly string[];
}

export function NewPassword({ known = [], ...input }: NewPasswordProps) {
  const score = useScore(input.value ?? "", known);
  const hint = score === null ? null : HINTS[score]!;
  return (
    <Box>
      <PasswordInput
        description="A few words that have nothing to do with each other are easy to remember and hard to guess."
        autoComplete="new-password"
        {...input}
      />
      <Group gap="xs" mt={6} mih={20} wrap="nowrap" aria-live="polite">
        {hint && (
          <>
            <Progress
              value={((score! + 1) / HINTS.length) * 100}
              color={hint.color}
              size="sm"
              w={120}
              aria-hidden
            />
            <Text size="xs" c="dimmed">
              {hint.words}
            </Text>
          </>
        )}
      </Group>
    </Box>
  );
}
