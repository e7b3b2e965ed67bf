/** To do: open messages and callback requests. */
import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconMessage, IconPhoneCalling } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { AttentionItem } from "../../answers.ts";
import { pagePath } from "../../page-paths.ts";
import { pageQuery } from "../api/queries.ts";
import { useListSearch } from "../parts/list-search.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { formatPhone, PageLink, Prose, Time } from "../parts/text.tsx";
import { CallbackLink, TeamMemberName, useHandled } from "./open-items.tsx";

export function AttentionPage() {
  const [{ cursor }, change] = useListSearch();
  const list = useQuery(pageQuery<AttentionItem>("/attention", ["call", "contact"], { cursor }));
  const next = list.data?.next_cursor;
  return (
    <Page title="To do" about="Open messages and callback requests.">
      <Loaded
        query={list}
        lines={8}
        isEmpty={({ data }) => data.length === 0}
        empty={
          <Empty icon={IconCheck} title="All done">
            New messages and callback requests appear here.
          </Empty>
        }
      >
        {({ data }) => (
          <Stack component="section" aria-label="To do" gap="sm" maw={760}>
            {data.map((item) => (
              <OpenItem key={`${item.call_id} ${item.kind} ${item.index}`} item={item} />
            ))}
          </Stack>
        )}
      </Loaded>
      <Group gap="xs">
        {cursor !== undefined && (
          <Button variant="default" size="xs" onClick={() => change({ cursor: undefined })}>
            First page
          </Button>
        )}
        {next && (
          <Button variant="default" size="xs" onClick={() => change({ cursor: next })}>
            Next page
          </Button>
        )}
      </Group>
    </Page>
  );
}

/** Marks an item as done and offers to undo that. */
function useMarkAsDone({ call_id, kind, index }: AttentionItem) {
  const handled = useHandled(call_id, kind === "callback" ? "callback" : index!);
  const notificationId = `${call_id} ${index}`;
  const undo = () => {
    notifications.hide(notificationId);
    handled.mutate(false);
  };
  const showUndo = () =>
    notifications.show({
      id: notificationId,
      message: (
        <Group justify="space-between">
          Marked as done.
          <Button size="compact-xs" variant="subtle" onClick={undo}>
            Undo
          </Button>
        </Group>
      ),
    });
  return {
    isPending: handled.isPending,
    markAsDone: () => handled.mutate(true, { onSuccess: showUndo }),
  };
}

function OpenItem({ item }: { item: AttentionItem }) {
  const { isPending, markAsDone } = useMarkAsDone(item);
  const isCallback = item.kind === "callback";
  const Icon = isCallback ? IconPhoneCalling : IconMessage;
  const caller =
    item.contact_name ??
    item.name ??
    (item.from_number && formatPhone(item.from_number)) ??
    "Unknown caller";
  return (
    <Card withBorder padding="sm" opacity={isPending ? 0.5 : 1}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Group gap="xs" align="flex-start" wrap="nowrap" miw={0} flex="1 1 240px">
          <Icon size={18} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
          <div style={{ minWidth: 0 }}>
            <Text fw={550} className="anywhere">
              <PageLink to={pagePath("call", { id: item.call_id })}>{caller}</PageLink>
              {isCallback ? " requested a callback" : " left a message"}
            </Text>
            {item.text && <Prose>{item.text}</Prose>}
            <Text component="div" size="sm" c="dimmed" className="anywhere">
              <Time at={item.started_at} /> <CallbackLink number={item.callback_number} />{" "}
              {item.requested_window}
              {item.team_member_id && (
                <>
                  {" "}
                  · for <TeamMemberName id={item.team_member_id} />
                </>
              )}
            </Text>
          </div>
        </Group>
        <Button size="xs" variant="default" onClick={markAsDone}>
          Mark as done
        </Button>
      </Group>
    </Card>
  );
}
