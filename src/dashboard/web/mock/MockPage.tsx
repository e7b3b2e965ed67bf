/** The page of a mock server: its keys, what goes wrong on demand, events on demand, and what it was asked. */
import {
  Alert,
  Anchor,
  Badge,
  Button,
  Card,
  Code,
  Container,
  Group,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconRotate } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { MockState } from "../../mock-answers.ts";
import { explainError, Failure } from "../api/client.ts";
import { NotFound } from "../frame/NotFound.tsx";
import { CodeBlock } from "../parts/code.tsx";
import { Page } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Copyable, PageLink, Time } from "../parts/text.tsx";
import { Faults } from "./Faults.tsx";
import { reset, stateQuery } from "./queries.ts";
import { Requests } from "./Requests.tsx";
import { Trigger } from "./Trigger.tsx";

export function MockPage() {
  const state = useQuery(stateQuery);
  // A real server has no such page.
  if (state.error instanceof Failure && state.error.status === 404) return <NotFound />;
  return (
    <Container component="main" size="xl" py="xl">
      <Page
        title="Mock server"
        about="The API in memory, to build and test against. What you do here changes nothing real."
        actions={state.data && <StartAnew />}
      >
        {state.data ? (
          <>
            {state.error && <Gone error={state.error} />}
            <Known state={state.data} />
          </>
        ) : state.error ? (
          <FailureNotice error={state.error} retry={() => void state.refetch()} />
        ) : (
          <SkeletonLines lines={10} />
        )}
      </Page>
    </Container>
  );
}

function Gone({ error }: { error: unknown }) {
  return (
    <Alert color="yellow" variant="light" role="alert" title="What stands here is not up to date">
      {explainError(error)}
    </Alert>
  );
}

function Known({ state }: { state: MockState }) {
  return (
    <Stack gap="xl">
      <Facts state={state} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="Address and keys">
          <Keys state={state} />
        </Section>
        <Section title="Make an event happen">
          <Trigger subscriptions={state.subscriptions} />
        </Section>
      </SimpleGrid>
      <Section title="Faults">
        <Faults rules={state.faults} />
      </Section>
      <Section title="Recent requests">
        <Requests state={state} />
      </Section>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder padding="lg" component="section" aria-label={title}>
      <Stack gap="md">
        <Title order={2} size="h4">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}

/** How it was started, and where else to look. */
function Facts({ state }: { state: MockState }) {
  const { organization, calls, seed, now, speed, strict, limits } = state;
  const runs = speed === 0 ? "stands still" : speed === 1 ? "runs" : `runs ${speed} times as fast`;
  return (
    <Group justify="space-between">
      <Group gap="xs">
        <Badge tt="none" variant="light">
          {organization}
        </Badge>
        <Badge tt="none" variant="default">
          {calls} calls
        </Badge>
        <Badge tt="none" variant="default">
          seed {seed}
        </Badge>
        <Badge tt="none" variant="default">
          <Time at={now} /> · {runs}
        </Badge>
        <Badge tt="none" variant={strict ? "light" : "default"}>
          {strict ? "unknown fields refused" : "unknown fields ignored"}
        </Badge>
        <Badge tt="none" variant={limits ? "light" : "default"}>
          {limits ? "rate limits kept" : "no rate limits"}
        </Badge>
      </Group>
      <Group gap="md" fz="sm">
        <PageLink to="/">Dashboard</PageLink>
        <Outside href="/docs">Reference</Outside>
        <Outside href="/docs/mock">Testing</Outside>
        <Outside href="/docs/webhooks">Webhooks</Outside>
      </Group>
    </Group>
  );
}

const Outside = ({ href, children }: { href: string; children: ReactNode }) => (
  <Anchor href={href} inherit underline="always">
    {children}
  </Anchor>
);

const SCOPES = { read: "Read key", write: "Write key", platform: "Platform key" } as const;

function Keys({ state: { url, keys } }: { state: MockState }) {
  const read = keys.find(({ scope }) => scope === "read");
  return (
    <Stack gap="md">
      <Table withRowBorders={false} verticalSpacing={4} aria-label="Keys">
        <Table.Tbody>
          <Row name="Address" value={`${url}/v1`} />
          {keys.map(({ token, scope }) => (
            <Row key={token} name={SCOPES[scope]} value={token} />
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed">
        The keys are the same at every start and open mock servers only. With the platform key your
        program tells of calls, as the voice platform does.
      </Text>
      {read && (
        <CodeBlock
          label="A request to try"
          text={`curl -H "Authorization: Bearer ${read.token}" "${url}/v1/calls?limit=2"`}
          copy
        />
      )}
    </Stack>
  );
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <Table.Tr>
      <Table.Th fw={400} c="dimmed" w={124}>
        {name}
      </Table.Th>
      <Table.Td>
        <Copyable value={value} label={`Copy the ${name.toLowerCase()}`}>
          <Code>{value}</Code>
        </Copyable>
      </Table.Td>
    </Table.Tr>
  );
}

function StartAnew() {
  const client = useQueryClient();
  const begin = () =>
    reset().then(
      (state) => {
        client.setQueryData(stateQuery.queryKey, state);
        notifications.show({ message: "It is as it was when it started." });
      },
      (error: unknown) => notifications.show({ color: "red", message: explainError(error) }),
    );
  const confirm = () =>
    modals.openConfirmModal({
      title: "Start anew?",
      children: (
        <Text size="sm">
          Everything that was posted or triggered since the start is lost, with the subscriptions,
          the faults and the recent requests. You are signed out of its dashboard.
        </Text>
      ),
      labels: { confirm: "Start anew", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void begin(),
    });
  return (
    <Button variant="default" leftSection={<IconRotate size={16} />} onClick={confirm}>
      Start anew
    </Button>
  );
}
