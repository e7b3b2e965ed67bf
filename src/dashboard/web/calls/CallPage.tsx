/** One call: the conversation, who it was, and what came of it. */
import { Anchor, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { CallWithTranscript, Contact, DeliverySummary, Location } from "../../answers.ts";
import { dataQuery, oneQuery } from "../api/queries.ts";
import { calls, contacts, locations } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { Details } from "../parts/details.tsx";
import { Page } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import {
  Copyable,
  formatDuration,
  formatPhone,
  PageLink,
  Phone,
  Prose,
  Time,
} from "../parts/text.tsx";
import { DeliveryState } from "../webhooks/states.tsx";
import { Conversation } from "./Conversation.tsx";
import { OrderCard } from "./OrderCard.tsx";
import { Callback, Message } from "./open-items.tsx";
import { DIRECTIONS, DISPOSITIONS, labelOf, Marks, Outcome, otherNumber } from "./words.tsx";

export function CallPage() {
  const { id } = useParams({ from: "/shell/calls/$id" });
  const one = useQuery(oneQuery<CallWithTranscript>(`${calls.path}/${id}`, ["call", "intent"]));
  if (!one.data)
    return (
      <Page title="Call" about={<PageLink to="/calls">All calls</PageLink>}>
        {one.error ? (
          <FailureNotice error={one.error} retry={() => void one.refetch()} />
        ) : (
          <SkeletonLines lines={10} />
        )}
      </Page>
    );
  return <Known call={one.data.data} />;
}

function Known({ call }: { call: CallWithTranscript }) {
  const contact = useQuery({
    ...oneQuery<Contact>(`${contacts.path}/${call.contact_id}`, ["contact"]),
    enabled: call.contact_id !== null,
  });
  const number = otherNumber(call);
  const known = contact.data?.data;
  const who =
    (known && nameOf(known)) || (number === null ? "Withheld number" : formatPhone(number));
  return (
    <Page
      title={who}
      about={
        <Group gap="xs">
          <PageLink to="/calls">Calls</PageLink> · <Time at={call.started_at} />
          <Outcome call={call} />
          <Marks call={call} />
        </Group>
      }
    >
      {call.summary && <Prose>{call.summary}</Prose>}
      <div className="call">
        <Conversation call={call} />
        <Stack gap="md" component="aside" aria-label="About the call">
          <About call={call} />
          {known && <Who contact={known} />}
          {call.messages.map((message, index) => (
            <Message key={index} call={call} index={index} message={message} />
          ))}
          {call.callback_request && <Callback call={call} callback={call.callback_request} />}
          {call.appointment && <Appointment appointment={call.appointment} />}
          {call.order && <OrderCard call={call} order={call.order} />}
          {call.escalations.length > 0 && <Escalations escalations={call.escalations} />}
          <Deliveries callId={call.id} />
        </Stack>
      </div>
    </Page>
  );
}

function About({ call }: { call: CallWithTranscript }) {
  const place = useQuery({
    ...oneQuery<Location>(`${locations.path}/${call.location_id}`, ["location"]),
    enabled: call.location_id !== null,
  }).data?.data;
  const sure = call.intent_confidence;
  return (
    <Details
      title="The call"
      entries={{
        Started: <Time at={call.started_at} />,
        Length:
          call.duration_seconds === null ? "Still running" : formatDuration(call.duration_seconds),
        Direction: labelOf(DIRECTIONS, call.direction),
        From: <Phone number={call.from_number} />,
        To: <Phone number={call.to_number} />,
        Location: place && <PageLink to={`/locations/${place.id}`}>{place.name}</PageLink>,
        Intent: call.intent && (
          <>
            <PageLink to={`/calls?intent_id=${call.intent_id}`}>{call.intent}</PageLink>
            {sure !== null && ` (${Math.round(sure * 100)} % sure)`}
          </>
        ),
        Outcome: call.outcome,
        Ended: labelOf(DISPOSITIONS, call.disposition),
        Labels: call.outcome_tags.join(", "),
        Recording: call.recording_url && (
          <Anchor
            href={call.recording_url}
            target="_blank"
            rel="noreferrer noopener"
            inherit
            underline="always"
          >
            Open the recording
          </Anchor>
        ),
        Id: <Copyable value={call.id} label="Copy the call's id" />,
      }}
    />
  );
}

function Who({ contact }: { contact: Contact }) {
  return (
    <Details
      title="The caller"
      entries={{
        Name: (
          <PageLink to={`/contacts/${contact.id}`}>{nameOf(contact) || "No name yet"}</PageLink>
        ),
        Number: (
          <Copyable value={contact.phone_number} label="Copy the number">
            {formatPhone(contact.phone_number)}
          </Copyable>
        ),
        Email: contact.email,
        Calls: (
          <PageLink to={`/calls?contact_id=${contact.id}&hidden=show`}>
            {contact.call_count === 1 ? "This one alone" : `All ${contact.call_count}`}
          </PageLink>
        ),
      }}
    />
  );
}

function Appointment({
  appointment,
}: {
  appointment: NonNullable<CallWithTranscript["appointment"]>;
}) {
  const { starts_at, duration_minutes, service, attendee_name } = appointment;
  return (
    <Details
      title="Appointment"
      entries={{
        When: <Time at={starts_at} />,
        Length: duration_minutes && `${duration_minutes} min`,
        For: attendee_name,
        Service: service,
      }}
    />
  );
}

function Escalations({ escalations }: { escalations: CallWithTranscript["escalations"] }) {
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        Escalations
      </Title>
      <Stack gap={4}>
        {escalations.map(({ rule_id, rule_name, action, triggered_at }) => (
          <Text
            key={`${triggered_at} ${rule_id} ${action}`}
            size="sm"
            style={{ overflowWrap: "anywhere" }}
          >
            <Time at={triggered_at} /> ·{" "}
            {rule_id ? (
              <PageLink to={`/rules/${rule_id}`}>{rule_name ?? "A rule"}</PageLink>
            ) : (
              (rule_name ?? "Without a rule")
            )}{" "}
            · {action}
          </Text>
        ))}
      </Stack>
    </Card>
  );
}

function Deliveries({ callId }: { callId: string }) {
  const { data } = useQuery(
    dataQuery<DeliverySummary[]>(`/calls/${callId}/deliveries`, ["delivery", "call"]),
  );
  if (!data || data.length === 0) return null;
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        Webhooks it caused
      </Title>
      <Stack gap="xs">
        {data.map(({ id, subscription_id, event_type, url, status, attempted_at }) => (
          <Group key={id} gap="xs" justify="space-between" wrap="nowrap" fz="sm">
            <div style={{ overflowWrap: "anywhere", minWidth: 0 }}>
              <PageLink to={`/webhooks/${subscription_id}/deliveries/${id}`}>{event_type}</PageLink>
              <Text size="xs" c="dimmed">
                {url === null ? "Deleted subscription" : new URL(url).host}
              </Text>
            </div>
            <DeliveryState status={status} attempts={attempted_at === null ? 0 : 1} />
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
