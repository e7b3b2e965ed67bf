/** The latest requests to the mock server, newest first, and a panel with one request and its response. */
import { Anchor, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconBolt, IconCheck, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MockState, RecentDetail, RecentRequest } from "../../mock-answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { Failure } from "../api/client.ts";
import { CodeBlock } from "../parts/code.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Panel } from "../parts/page.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { requestQuery } from "./queries.ts";

export function Requests({ state }: { state: MockState }) {
  const { request } = useSearch({ from: "/mock" });
  return (
    <>
      {state.requests.length === 0 ? (
        <Text c="dimmed" size="sm">
          No requests yet. Requests of your program appear here with their responses.
        </Text>
      ) : (
        <RequestTable requests={state.requests} />
      )}
      {request !== undefined && <RequestPanel key={request} number={request} />}
    </>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

// 4.2 ms, 123 ms
const milliseconds = new Intl.NumberFormat(undefined, {
  style: "unit",
  unit: "millisecond",
  maximumFractionDigits: 0,
  maximumSignificantDigits: 2,
  roundingPriority: "morePrecision",
});

function RequestTable({ requests }: { requests: RecentRequest[] }) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table className="list" aria-label="Recent requests" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Request</Table.Th>
            <Table.Th>Response</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th ta="right">Duration</Table.Th>
            <Table.Th ta="right">Time</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {requests.map((request) => (
            <RequestRow key={request.number} request={request} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function RequestRow({ request }: { request: RecentRequest }) {
  const { number, method, url, status, key, ms, at, fault } = request;
  return (
    <Table.Tr>
      <Table.Td className="anywhere">
        <Anchor
          component={Link}
          to={PAGE_PATHS.mock}
          search={{ request: String(number) } as never}
          resetScroll={false}
          className="row-link"
        >
          <b>{method}</b> {pathOf(url)}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap" w="max-content">
          <Status status={status} />
          {fault !== null && <StateBadge icon={IconBolt} color="orange" label={fault} />}
        </Group>
      </Table.Td>
      <Table.Td>
        {key ?? (
          <Text inherit span c="dimmed">
            None
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" className="figures">
        {ms !== null && milliseconds.format(ms)}
      </Table.Td>
      <Table.Td ta="right" className="figures">
        {clock.format(new Date(at))}
      </Table.Td>
    </Table.Tr>
  );
}

const pathOf = (url: string) => url.replace(/^https?:\/\/[^/]+/, "");

function Status({ status }: { status: number | null }) {
  if (status === null) return null;
  const [icon, color] =
    status < 400
      ? ([IconCheck, "green"] as const)
      : status < 500
        ? ([IconAlertTriangle, "yellow"] as const)
        : ([IconX, "red"] as const);
  return <StateBadge icon={icon} color={color} label={String(status)} />;
}

function RequestPanel({ number }: { number: string }) {
  const navigate = useNavigate();
  const query = useQuery(requestQuery(number));
  const close = () => void navigate({ to: PAGE_PATHS.mock, resetScroll: false });
  const isMissing = query.error instanceof Failure && query.error.status === 404;
  return (
    <Panel
      title={query.data ? `${query.data.method} ${query.data.path}` : "Request"}
      onClose={close}
      size={680}
    >
      {isMissing && !query.data ? (
        <Text c="dimmed">This request no longer exists. Only the latest requests are kept.</Text>
      ) : (
        <Loaded query={query}>{(request) => <RequestContent request={request} />}</Loaded>
      )}
    </Panel>
  );
}

function RequestContent({ request: recent }: { request: RecentDetail }) {
  const { curl, request, answer: response, status, fault } = recent;
  return (
    <Stack gap="lg">
      <Part title="curl">
        <CodeBlock label="Command" text={curl} copy />
      </Part>
      <Part title="Request">
        <Message name="Request" {...request} />
      </Part>
      <Part title="Response" beside={<Status status={status} />}>
        {fault !== null && (
          <Text size="sm" c="dimmed">
            Caused by the fault {fault}.
          </Text>
        )}
        <Message name="Response" {...response} />
      </Part>
    </Stack>
  );
}

interface PartProps {
  title: string;
  beside?: ReactNode;
  children: ReactNode;
}

function Part({ title, beside, children }: PartProps) {
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Title order={3} size="h5">
          {title}
        </Title>
        {beside}
      </Group>
      {children}
    </Stack>
  );
}

interface MessageProps {
  name: string;
  headers: Record<string, string>;
  body: string;
}

function Message({ name, headers, body }: MessageProps) {
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
  return (
    <>
      <CodeBlock label={`${name} headers`} text={lines.join("\n")} />
      {body === "" ? (
        <Text size="sm" c="dimmed">
          No body.
        </Text>
      ) : (
        <CodeBlock label={`${name} body`} text={indentJson(body)} maxHeight={420} copy />
      )}
    </>
  );
}

/** Indents JSON; returns any other text unchanged. */
function indentJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
