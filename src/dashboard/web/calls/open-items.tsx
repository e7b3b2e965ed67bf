/** Messages and callback requests of a call, and marking them as done. */
import { Anchor, Button, Card, Group, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Call, TeamMember } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { teamMembers } from "../api/resources.ts";
import { formatPhone, Prose, Time } from "../parts/text.tsx";

/** Marks an item as done (`true`) or open (`false`). `item`: "callback", or the index of a message. */
export function useHandled(callId: string, item: "callback" | number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (handled: boolean) =>
      send("PUT", `/calls/${callId}/${item === "callback" ? item : `messages/${item}`}/handled`, {
        body: { handled },
      }),
    onSuccess: () => refreshQueries(client, ["call"]),
    onError: (error) => notifications.show({ color: "red", message: explainError(error) }),
  });
}

interface ItemCardProps {
  title: string;
  callId: string;
  item: "callback" | number;
  handledAt: string | null;
  children: ReactNode;
}

function ItemCard({ title, callId, item, handledAt, children }: ItemCardProps) {
  const { mutate, isPending, variables } = useHandled(callId, item);
  // Optimistic: shows the requested state until the server answers.
  const isDone = isPending ? variables : handledAt !== null;
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb={4}>
        {title}
      </Title>
      {children}
      <Group justify="space-between" mt="xs" mih={30}>
        <Text component="div" size="sm" c="dimmed">
          {isDone ? (
            <Group gap={4}>
              <IconCheck size={14} aria-hidden /> Done{" "}
              {handledAt !== null && <Time at={handledAt} />}
            </Group>
          ) : (
            "Open"
          )}
        </Text>
        <Button size="xs" variant={isDone ? "subtle" : "default"} onClick={() => mutate(!isDone)}>
          {isDone ? "Reopen" : "Mark as done"}
        </Button>
      </Group>
    </Card>
  );
}

/** A phone number that dials on click. */
export function CallbackLink({ number }: { number: string | null }) {
  if (number === null) return null;
  return (
    <Anchor href={`tel:${number}`} inherit underline="always">
      {formatPhone(number)}
    </Anchor>
  );
}

/** The name of a team member; empty while it loads. */
export function TeamMemberName({ id }: { id: string }) {
  const { data } = useQuery(oneQuery<TeamMember>(`${teamMembers.path}/${id}`, ["team_member"]));
  return <>{data?.data.name}</>;
}

interface MessageCardProps {
  call: Call;
  index: number;
  message: Call["messages"][number];
}

export function MessageCard({ call, index, message }: MessageCardProps) {
  return (
    <ItemCard title="Message" callId={call.id} item={index} handledAt={message.handled_at}>
      <Prose>{message.message}</Prose>
      <Text component="div" size="sm" c="dimmed" mt={4} className="anywhere">
        {message.caller_name} <CallbackLink number={message.callback_number} />
        {message.team_member_id && (
          <div>
            For <TeamMemberName id={message.team_member_id} />
          </div>
        )}
      </Text>
    </ItemCard>
  );
}

interface CallbackCardProps {
  call: Call;
  callback: NonNullable<Call["callback_request"]>;
}

export function CallbackCard({ call, callback }: CallbackCardProps) {
  return (
    <ItemCard
      title="Callback request"
      callId={call.id}
      item="callback"
      handledAt={callback.handled_at}
    >
      {callback.reason && <Prose>{callback.reason}</Prose>}
      <Text component="div" size="sm" c="dimmed" mt={4} className="anywhere">
        {callback.requested_window} <CallbackLink number={callback.callback_number} />
      </Text>
    </ItemCard>
  );
}
