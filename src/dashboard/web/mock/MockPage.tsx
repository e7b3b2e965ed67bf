/** The page of a mock server: its keys, events to trigger, faults and recent requests. */
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
import { PAGE_PATHS } from "../../page-paths.ts";
import { explainError, Failure } from "../api/client.ts";
import { NotFound } from "../frame/NotFound.tsx";
import { CodeBlock } from "../parts/code.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Copyable, PageLink, Time } from "../parts/text.tsx";
import { Faults } from "./Faults.tsx";
import { reset, stateQuery } from "./queries.ts";
import { Requests } from "./Requests.tsx";
import { Trigger } from "./Trigger.tsx";

export function MockPage() {
  const query = useQuery(stateQuery);
  // Only a mock server has this page.
  if (query.error instanceof Failure && query.error.status === 404) return <NotFound />;
  return (
    <Container component="main" size="xl" py="xl">
      <Page
        title="Mock server"
        about="The API in memory, for building and testing against. Nothing here affects real data."
        actions={query.data && <ResetButton />}
      >
        <Loaded query={query} lines={10}>
          {(state) => (
            <>
              {query.error && <StaleNotice error={query.error} />}
              <MockContent state={state} />
            </>
          )}
        </Loaded>
      </Page>
    </Container>
  );
}

/** The page polls, and keeps the last state while the server does not respond. */
function StaleNotice({ error }: { error: unknown }) {
  return (
    <Alert color="yellow" variant="light" role="alert" title="This page is out of date">
      {explainError(error)}
    </Alert>
  );
}

function MockContent({ state }: { state: MockState }) {
  return (
    <Stack gap="xl">
      <ServerDetails state={state} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="URL and keys">
          <Keys state={state} />
        </Section>
        <Section title="Trigger an event">
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

/** The options of the server, and links to related pages. */
function ServerDetails({ state }: { state: MockState }) {
  const { organization, calls, seed, now, strict, limits } = state;
  return (
    <Group justify="space-between">
      <Group gap="xs">
        <Badge tt="none" variant="light">
          {organization}
        </Badge>
        <Badge tt="none" variant="default">
          {calls.toLocaleString()} {calls === 1 ? "call" : "calls"}
        </Badge>
        <Badge tt="none" variant="default">
          seed {seed}
        </Badge>
        <Badge tt="none" variant="default">
          <Time at={now} /> · {formatSpeed(state)}
        </Badge>
        <Badge tt="none" variant={strict ? "light" : "default"}>
          {strict ? "unknown fields rejected" : "unknown fields ignored"}
        </Badge>
        <Badge tt="none" variant={limits ? "light" : "default"}>
          {limits ? "rate limits on" : "rate limits off"}
        </Badge>
      </Group>
      <Group gap="md" fz="sm">
        <PageLink to={PAGE_PATHS.overview}>Dashboard</PageLink>
        <DocsLink href="/docs">API reference</DocsLink>
        <DocsLink href="/docs/mock">Testing</DocsLink>
        <DocsLink href="/docs/webhooks">Webhooks</DocsLink>
      </Group>
    </Group>
  );
}

function formatSpeed({ speed }: MockState): string {
  if (speed === 0) return "clock stopped";
  return speed === 1 ? "clock running" : `clock running ${speed.toLocaleString()}× faster`;
}

const DocsLink = ({ href, children }: { href: string; children: ReactNode }) => (
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
          <KeyRow name="Base URL" value={`${url}/v1`} />
          {keys.map(({ token, scope }) => (
            <KeyRow key={token} name={SCOPES[scope]} value={token} />
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed">
        The keys are the same at every start and work only on mock servers. Use the platform key to
        report calls, as a voice platform does.
      </Text>
      {read && (
        <CodeBlock
          label="Example request"
          text={`curl -H "Authorization: Bearer ${read.token}" "${url}/v1/calls?limit=2"`}
          copy
        />
      )}
    </Stack>
  );
}

function KeyRow({ name, value }: { name: string; value: string }) {
  return (
    <Table.Tr>
      <Table.Th fw={400} c="dimmed" w={124}>
        {name}
      </Table.Th>
      <Table.Td>
        <Copyable value={value} label={`Copy ${name.charAt(0).toLowerCase()}${name.slice(1)}`}>
          <Code>{value}</Code>
        </Copyable>
      </Table.Td>
    </Table.Tr>
  );
}

function ResetButton() {
  const client = useQueryClient();
  async function resetMock() {
    try {
      client.setQueryData(stateQuery.queryKey, await reset());
      notifications.show({ message: "Mock server reset." });
    } catch (error) {
      notifications.show({ color: "red", message: explainError(error) });
    }
  }
  const confirmReset = () =>
    modals.openConfirmModal({
      title: "Reset the mock server?",
      children: (
        <Text size="sm">
          Everything created since the start is deleted, including subscriptions, faults and recent
          requests. You are signed out of its dashboard.
        </Text>
      ),
      labels: { confirm: "Reset", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void resetMock(),
    });
  return (
    <Button variant="default" leftSection={<IconRotate size={16} />} onClick={confirmReset}>
      Reset
    </Button>
  );
}
