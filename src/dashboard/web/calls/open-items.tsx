/** Messages and callback requests of a call, and marking that somebody dealt with them. */
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

/** Marks an item as dealt with, or takes the mark back. `item`: "callback", or a message's place. */
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

interface ItemProps {
  title: string;
  callId: string;
  item: "callback" | number;
  handledAt: string | null;
  children: ReactNode;
}

function Item({ title, callId, item, handledAt, children }: ItemProps) {
  const { mutate, isPending, variables } = useHandled(callId, item);
  // What was pressed shows at once; a refusal takes it back.
  const done = isPending ? variables : handledAt !== null;
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb={4}>
        {title}
      </Title>
      {children}
      <Group justify="space-between" mt="xs" mih={30}>
        <Text size="sm" c="dimmed">
          {done ? (
            <Group gap={4}>
              <IconCheck size={14} aria-hidden /> Dealt with{" "}
              {handledAt !== null && <Time at={handledAt} />}
            </Group>
          ) : (
            "Nobody has dealt with it"
          )}
        </Text>
        <Button size="xs" variant={done ? "subtle" : "default"} onClick={() => mutate(!done)}>
          {done ? "Not yet after all" : "Mark as dealt with"}
        </Button>
      </Group>
    </Card>
  );
}

/** A number to call back, to be pressed on a telephone. */
export function CallBack({ number }: { number: string | null }) {
  if (number === null) return null;
  return (
    <Anchor href={`tel:${number}`} inherit underline="always">
      {formatPhone(number)}
    </Anchor>
  );
}

/** A team member by name; nothing until it is known. */
export function MemberName({ id }: { id: string }) {
  const { data } = useQuery(oneQuery<TeamMember>(`${teamMembers.path}/${id}`, ["team_member"]));
  return <>{data?.data.name}</>;
}

interface MessageProps {
  call: Call;
  index: number;
  message: Call["messages"][number];
}

export function Message({ call, index, message }: MessageProps) {
  return (
    <Item title="Message" callId={call.id} item={index} handledAt={message.handled_at}>
      <Prose>{message.message}</Prose>
      <Text component="div" size="sm" c="dimmed" mt={4} style={{ overflowWrap: "anywhere" }}>
        {message.caller_name} <CallBack number={message.callback_number} />
        {message.team_member_id && (
          <div>
            For <MemberName id={message.team_member_id} />
          </div>
        )}
      </Text>
    </Item>
  );
}

interface CallbackProps {
  call: Call;
  callback: NonNullable<Call["callback_request"]>;
}

export function Callback({ call, callback }: CallbackProps) {
  return (
    <Item
      title="Wants to be called back"
      callId={call.id}
      item="callback"
      handledAt={callback.handled_at}
    >
      {callback.reason && <Prose>{callback.reason}</Prose>}
      <Text component="div" size="sm" c="dimmed" mt={4} style={{ overflowWrap: "anywhere" }}>
        {callback.requested_window} <CallBack number={callback.callback_number} />
      </Text>
    </Item>
  );
}
