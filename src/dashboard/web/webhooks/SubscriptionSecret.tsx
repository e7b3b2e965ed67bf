/** The dialog that shows a webhook's secret once, with code that verifies its signatures. */
import { Anchor, Tabs, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useRef } from "react";
import standard from "../../../docs/standard.ts.txt?raw";
import python from "../../../docs/verify.py.txt?raw";
import typescript from "../../../docs/verify.ts.txt?raw";
import { CodeBlock } from "../parts/code.tsx";
import { SecretDialog } from "../parts/secret.tsx";

interface SubscriptionSecretProps {
  title: string;
  secret: string;
  onClose(): void;
}

export function SubscriptionSecret({ title, secret, onClose }: SubscriptionSecretProps) {
  const isClosing = useRef(false);
  // Otherwise the back button discards the secret without asking.
  useBlocker({
    shouldBlockFn: () => !isClosing.current,
    enableBeforeUnload: () => !isClosing.current,
  });
  const close = () => {
    isClosing.current = true;
    onClose();
  };
  return (
    <SecretDialog title={title} secret={secret} onClose={close}>
      <Text size="sm">Use it to verify that a delivery comes from this server:</Text>
      <VerifySnippets />
    </SecretDialog>
  );
}

const SNIPPETS = [
  { name: "TypeScript", text: typescript },
  { name: "Python", text: python },
  { name: "Standard Webhooks", text: standard },
];

/** The code of /docs/webhooks that verifies a delivery, one tab per language. */
export function VerifySnippets() {
  return (
    <Tabs defaultValue={SNIPPETS[0]!.name} keepMounted={false}>
      <Tabs.List>
        {SNIPPETS.map(({ name }) => (
          <Tabs.Tab key={name} value={name}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {SNIPPETS.map(({ name, text }) => (
        <Tabs.Panel key={name} value={name} pt="xs">
          <CodeBlock label={`Verification code, ${name}`} text={text.trim()} copy />
        </Tabs.Panel>
      ))}
      <Anchor
        href="/docs/webhooks#verifying"
        target="_blank"
        size="sm"
        mt="xs"
        display="inline-block"
      >
        How to verify deliveries
      </Anchor>
    </Tabs>
  );
}
