/** What the mock was asked, the newest first, and one of it with all that was sent and answered. */
import { Anchor, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconBolt, IconCheck, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MockState, RecentDetail, RecentRequest } from "../../mock-answers.ts";
import { Failure } from "../api/client.ts";
import { CodeBlock } from "../parts/code.tsx";
import { Panel } from "../parts/page.tsx";
import { StateBadge } from "../parts/state-badge.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { requestQuery } from "./queries.ts";

export function Requests({ state }: { state: MockState }) {
  const { request } = useSearch({ from: "/mock" });
  return (
    <>
      {state.requests.length === 0 ? (
        <Text c="dimmed" size="sm">
          No request yet. What your program asks appears here at once, with what it was answered.
        </Text>
      ) : (
        <List requests={state.requests} />
      )}
      {request !== undefined && <RequestPanel key={request} number={request} />}
    </>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function List({ requests }: { requests: RecentRequest[] }) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table className="list" aria-label="Recent requests" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Request</Table.Th>
            <Table.Th>Answer</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th ta="right">Took</Table.Th>
            <Table.Th ta="right">At</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {requests.map(({ number, method, url, status, key, ms, at, fault }) => (
            <Table.Tr key={number}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <Anchor
                  component={Link}
                  to="/mock"
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
                {ms === null ? "" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`}
              </Table.Td>
              <Table.Td ta="right" className="figures">
                {clock.format(new Date(at))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
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
  const one = useQuery(requestQuery(number));
  const close = () => void navigate({ to: "/mock", resetScroll: false });
  const gone = one.error instanceof Failure && one.error.status === 404;
  return (
    <Panel
      title={one.data ? `${one.data.method} ${one.data.path}` : "Request"}
      onClose={close}
      size={680}
    >
      {one.data ? (
        <Known request={one.data} />
      ) : gone ? (
        <Text c="dimmed">
          Only the latest requests are kept, and this is none of them any more.
        </Text>
      ) : one.error ? (
        <FailureNotice error={one.error} retry={() => void one.refetch()} />
      ) : (
        <SkeletonLines />
      )}
    </Panel>
  );
}

function Known({ request: { curl, request, answer, status, fault } }: { request: RecentDetail }) {
  return (
    <Stack gap="lg">
      <Part title="As curl">
        <CodeBlock label="Curl" text={curl} copy />
      </Part>
      <Part title="Request">
        <Message name="Request" {...request} />
      </Part>
      <Part title="Answer" beside={<Status status={status} />}>
        {fault !== null && (
          <Text size="sm" c="dimmed">
            By the fault {fault}.
          </Text>
        )}
        <Message name="Answer" {...answer} />
      </Part>
    </Stack>
  );
}

function Part({
  title,
  beside,
  children,
}: {
  title: string;
  beside?: ReactNode;
  children: ReactNode;
}) {
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
        <CodeBlock label={`${name} body`} text={readable(body)} maxHeight={420} copy />
      )}
    </>
  );
}

/** JSON with its parts one below the other; anything else as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
