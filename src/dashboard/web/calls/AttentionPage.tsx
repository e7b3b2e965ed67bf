/** To do: messages and callback requests that nobody has dealt with. */
import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconMessage, IconPhoneCalling } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { AttentionItem } from "../../answers.ts";
import { pageQuery } from "../api/queries.ts";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty, FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { formatPhone, PageLink, Prose, Time } from "../parts/text.tsx";
import { CallBack, MemberName, useHandled } from "./open-items.tsx";

export function AttentionPage() {
  const [{ cursor }, change] = useListSearch();
  const list = useQuery(pageQuery<AttentionItem>("/attention", ["call", "contact"], { cursor }));
  const { data: page } = list;
  return (
    <Page title="To do" about="Messages and callback requests that nobody has dealt with.">
      {list.error && !page ? (
        <FailureNotice error={list.error} retry={() => void list.refetch()} />
      ) : !page ? (
        <SkeletonLines lines={8} />
      ) : page.data.length === 0 ? (
        <Empty icon={IconCheck} title="Everything is dealt with">
          A message or a wish to be called back appears here as soon as a caller leaves one.
        </Empty>
      ) : (
        <Stack component="section" aria-label="To do" gap="sm" maw={760}>
          {page.data.map((item) => (
            <Item key={`${item.call_id} ${item.kind} ${item.index}`} item={item} />
          ))}
        </Stack>
      )}
      <Group gap="xs">
        {cursor !== undefined && (
          <Button variant="default" size="xs" onClick={() => change({ cursor: undefined })}>
            First page
          </Button>
        )}
        {page?.next_cursor && (
          <Button variant="default" size="xs" onClick={() => change({ cursor: page.next_cursor! })}>
            Next page
          </Button>
        )}
      </Group>
    </Page>
  );
}

function Item({ item }: { item: AttentionItem }) {
  const handled = useHandled(item.call_id, item.kind === "callback" ? "callback" : item.index!);
  const Icon = item.kind === "callback" ? IconPhoneCalling : IconMessage;
  const who =
    item.contact_name ??
    item.name ??
    (item.from_number && formatPhone(item.from_number)) ??
    "Unknown";
  const deal = () =>
    handled.mutate(true, {
      onSuccess: () => {
        const id = `${item.call_id} ${item.index}`;
        notifications.show({
          id,
          message: (
            <Group justify="space-between">
              Dealt with.
              <Button
                size="compact-xs"
                variant="subtle"
                onClick={() => {
                  notifications.hide(id);
                  handled.mutate(false);
                }}
              >
                Undo
              </Button>
            </Group>
          ),
        });
      },
    });
  return (
    <Card withBorder padding="sm" opacity={handled.isPending ? 0.5 : 1}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Group gap="xs" align="flex-start" wrap="nowrap" miw={0} flex="1 1 240px">
          <Icon size={18} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
          <div style={{ minWidth: 0 }}>
            <Text fw={550} style={{ overflowWrap: "anywhere" }}>
              <PageLink to={`/calls/${item.call_id}`}>{who}</PageLink>
              {item.kind === "callback" ? " wants to be called back" : " left a message"}
            </Text>
            {item.text && <Prose>{item.text}</Prose>}
            <Text component="div" size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              <Time at={item.started_at} /> <CallBack number={item.callback_number} />{" "}
              {item.requested_window}
              {item.team_member_id && (
                <>
                  {" "}
                  · for <MemberName id={item.team_member_id} />
                </>
              )}
            </Text>
          </div>
        </Group>
        <Button size="xs" variant="default" onClick={deal}>
          Dealt with
        </Button>
      </Group>
    </Card>
  );
}
