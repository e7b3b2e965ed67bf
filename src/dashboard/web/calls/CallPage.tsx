/** One call: its transcript, its caller and its results. */
import { Anchor, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { CallWithTranscript, Contact, DeliverySummary, Location } from "../../answers.ts";
import { PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { dataQuery, oneQuery } from "../api/queries.ts";
import { calls, contacts, locations } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { Details } from "../parts/details.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import {
  Copyable,
  formatDuration,
  formatPercent,
  formatPhone,
  PageLink,
  Phone,
  Prose,
  Time,
} from "../parts/text.tsx";
import { DeliveryState } from "../webhooks/states.tsx";
import { Conversation } from "./Conversation.tsx";
import { DIRECTIONS, DISPOSITIONS, labelOf, Outcome, otherNumber, SpamBadges } from "./labels.tsx";
import { OrderCard } from "./OrderCard.tsx";
import { CallbackCard, MessageCard } from "./open-items.tsx";

export function CallPage() {
  const { id } = useParams({ from: "/shell/calls/$id" });
  const query = useQuery(oneQuery<CallWithTranscript>(`${calls.path}/${id}`, ["call", "intent"]));
  if (query.data) return <CallContent call={query.data.data} />;
  return (
    <Page title="Call" about={<PageLink to={PAGE_PATHS.calls}>All calls</PageLink>}>
      <Loaded query={query} lines={10}>
        {() => null}
      </Loaded>
    </Page>
  );
}

function CallContent({ call }: { call: CallWithTranscript }) {
  const contactQuery = useQuery({
    ...oneQuery<Contact>(`${contacts.path}/${call.contact_id}`, ["contact"]),
    enabled: call.contact_id !== null,
  });
  const number = otherNumber(call);
  const contact = contactQuery.data?.data;
  const title =
    (contact && nameOf(contact)) || (number === null ? "Withheld number" : formatPhone(number));
  return (
    <Page
      title={title}
      about={
        <Group gap="xs">
          <PageLink to={PAGE_PATHS.calls}>Calls</PageLink> · <Time at={call.started_at} />
          <Outcome call={call} />
          <SpamBadges call={call} />
        </Group>
      }
    >
      {call.summary && <Prose>{call.summary}</Prose>}
      <div className="call">
        <Conversation call={call} />
        <Stack gap="md" component="aside" aria-label="Call details">
          <CallDetails call={call} />
          {contact && <ContactDetails contact={contact} />}
          {call.messages.map((message, index) => (
            <MessageCard key={index} call={call} index={index} message={message} />
          ))}
          {call.callback_request && <CallbackCard call={call} callback={call.callback_request} />}
          {call.appointment && <AppointmentDetails appointment={call.appointment} />}
          {call.order && <OrderCard call={call} order={call.order} />}
          {call.escalations.length > 0 && <Escalations escalations={call.escalations} />}
          <Deliveries callId={call.id} />
        </Stack>
      </div>
    </Page>
  );
}

function CallDetails({ call }: { call: CallWithTranscript }) {
  const location = useQuery({
    ...oneQuery<Location>(`${locations.path}/${call.location_id}`, ["location"]),
    enabled: call.location_id !== null,
  }).data?.data;
  const confidence = call.intent_confidence;
  return (
    <Details
      title="Details"
      entries={{
        Started: <Time at={call.started_at} />,
        Duration:
          call.duration_seconds === null ? "In progress" : formatDuration(call.duration_seconds),
        Direction: labelOf(DIRECTIONS, call.direction),
        From: <Phone number={call.from_number} />,
        To: <Phone number={call.to_number} />,
        Location: location && (
          <PageLink to={pagePath("location", { id: location.id })}>{location.name}</PageLink>
        ),
        Intent: call.intent && (
          <>
            <PageLink to={`${PAGE_PATHS.calls}?intent_id=${call.intent_id}`}>
              {call.intent}
            </PageLink>
            {confidence !== null && ` (${formatPercent(confidence)} confidence)`}
          </>
        ),
        Outcome: call.outcome,
        Disposition: labelOf(DISPOSITIONS, call.disposition),
        Tags: call.outcome_tags.join(", "),
        Recording: call.recording_url && (
          <Anchor
            href={call.recording_url}
            target="_blank"
            rel="noreferrer noopener"
            inherit
            underline="always"
          >
            Open recording
          </Anchor>
        ),
        ID: <Copyable value={call.id} label="Copy call ID" />,
      }}
    />
  );
}

function ContactDetails({ contact }: { contact: Contact }) {
  const { id, phone_number, email, call_count } = contact;
  return (
    <Details
      title="Contact"
      entries={{
        Name: <PageLink to={pagePath("contact", { id })}>{nameOf(contact) || "No name"}</PageLink>,
        Phone: (
          <Copyable value={phone_number} label="Copy phone number">
            {formatPhone(phone_number)}
          </Copyable>
        ),
        Email: email,
        Calls: (
          <PageLink to={`${PAGE_PATHS.calls}?contact_id=${id}&hidden=show`}>
            {call_count === 1 ? "1 call" : `${call_count.toLocaleString()} calls`}
          </PageLink>
        ),
      }}
    />
  );
}

function AppointmentDetails({
  appointment,
}: {
  appointment: NonNullable<CallWithTranscript["appointment"]>;
}) {
  const { starts_at, duration_minutes, service, attendee_name } = appointment;
  return (
    <Details
      title="Appointment"
      entries={{
        Starts: <Time at={starts_at} />,
        Duration: duration_minutes && `${duration_minutes} min`,
        Attendee: attendee_name,
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
          <Text key={`${triggered_at} ${rule_id} ${action}`} size="sm" className="anywhere">
            <Time at={triggered_at} /> ·{" "}
            {rule_id ? (
              <PageLink to={pagePath("rule", { id: rule_id })}>{rule_name ?? "Rule"}</PageLink>
            ) : (
              (rule_name ?? "No rule")
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
        Webhook deliveries
      </Title>
      <Stack gap="xs">
        {data.map(({ id, subscription_id, event_type, url, status, attempted_at }) => (
          <Group key={id} gap="xs" justify="space-between" wrap="nowrap" fz="sm">
            <div className="anywhere" style={{ minWidth: 0 }}>
              <PageLink to={pagePath("delivery", { id: subscription_id, deliveryId: id })}>
                {event_type}
              </PageLink>
              <Text size="xs" c="dimmed">
                {url === null ? "Deleted webhook" : new URL(url).host}
              </Text>
            </div>
            <DeliveryState status={status} attempts={attempted_at === null ? 0 : 1} />
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
