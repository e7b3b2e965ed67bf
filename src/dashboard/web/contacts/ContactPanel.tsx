/** One contact, or a new one, beside the list. */
import {
  ActionIcon,
  Button,
  Divider,
  Group,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { Call, Contact } from "../../answers.ts";
import { oneQuery, pageQuery } from "../api/queries.ts";
import { calls, contacts } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { ResourceForm } from "../parts/form.tsx";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { formatPhone, PageLink, Prose, Time } from "../parts/text.tsx";
import { nameOf } from "./ContactsPage.tsx";

interface Values extends Record<string, unknown> {
  first_name: string;
  last_name: string;
  email: string;
  phone_number: string;
  custom: { name: string; value: string }[];
}

const valuesOf = (contact?: Contact): Values => ({
  first_name: contact?.first_name ?? "",
  last_name: contact?.last_name ?? "",
  email: contact?.email ?? "",
  phone_number: contact?.phone_number ?? "",
  custom: Object.entries(contact?.custom ?? {}).map(([name, value]) => ({ name, value })),
});

/** Empty inputs stand for nothing; rows without name and value are left out. */
const bodyOf = ({ custom, ...values }: Values) => ({
  first_name: values.first_name || null,
  last_name: values.last_name || null,
  email: values.email || null,
  phone_number: values.phone_number,
  custom: Object.fromEntries(
    custom.filter(({ name, value }) => name || value).map(({ name, value }) => [name, value]),
  ),
});

export function ContactPanel() {
  const { id } = useParams({ from: "/shell/contacts/$id" });
  const close = usePanelClose("/contacts");
  if (id === "new")
    return (
      <Panel title="New contact" onClose={close}>
        <ContactForm />
      </Panel>
    );
  return <KnownContact key={id} id={id} onClose={close} />;
}

function KnownContact({ id, onClose }: { id: string; onClose(): void }) {
  const one = useQuery(oneQuery<Contact>(`${contacts.path}/${id}`, ["contact"]));
  if (!one.data)
    return (
      <Panel title="Contact" onClose={onClose}>
        {one.error ? (
          <FailureNotice error={one.error} retry={() => void one.refetch()} />
        ) : (
          <SkeletonLines />
        )}
      </Panel>
    );
  const { data: contact, etag } = one.data;
  return (
    <Panel title={nameOf(contact) || formatPhone(contact.phone_number)} onClose={onClose}>
      <Stack gap="lg">
        <ContactForm contact={contact} etag={etag} />
        {contact.agent_notes && (
          <div>
            <Title order={3} size="h5" mb={4}>
              What the receptionist noted
            </Title>
            <Prose>{contact.agent_notes}</Prose>
          </div>
        )}
        <LatestCalls contact={contact} />
      </Stack>
    </Panel>
  );
}

function ContactForm({ contact, etag = null }: { contact?: Contact; etag?: string | null }) {
  const navigate = useNavigate();
  const close = usePanelClose("/contacts");
  const help = useFieldHelp(contact ? "ContactUpdate" : "ContactCreate");
  return (
    <ResourceForm
      resource={contacts}
      target={contact ? { id: contact.id, etag } : null}
      initial={valuesOf(contact)}
      toBody={bodyOf}
      submit={contact ? "Save changes" : "Create contact"}
      onCancel={close}
      onSaved={({ id }) => {
        if (!contact) void navigate({ to: "/contacts/$id", params: { id }, search: true });
      }}
      fields={(form) => (
        <>
          <Group grow align="flex-start">
            <TextInput label="First name" {...form.getInputProps("first_name")} />
            <TextInput label="Last name" {...form.getInputProps("last_name")} />
          </Group>
          <TextInput
            label="Telephone number"
            type="tel"
            {...help("phone_number")}
            required={!contact}
            readOnly={contact !== undefined}
            {...form.getInputProps("phone_number")}
          />
          <TextInput label="Email" type="email" {...form.getInputProps("email")} />
          <Stack gap="xs">
            {form.values.custom.map((entry, i) => (
              <Group key={i} align="flex-start" wrap="nowrap" gap="xs">
                <TextInput
                  aria-label={`Name of value ${i + 1}`}
                  placeholder="crm_id"
                  flex={1}
                  {...form.getInputProps(`custom.${i}.name`)}
                />
                <TextInput
                  aria-label={`Value ${i + 1}`}
                  placeholder="A-1042"
                  flex={1}
                  error={form.errors[`custom.${entry.name}`]}
                  {...form.getInputProps(`custom.${i}.value`)}
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  mt={4}
                  aria-label={`Remove value ${i + 1}`}
                  onClick={() => form.removeListItem("custom", i)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            ))}
            {form.errors.custom && (
              <Text c="red" size="xs" role="alert">
                {form.errors.custom}
              </Text>
            )}
            <Button
              variant="subtle"
              size="compact-sm"
              leftSection={<IconPlus size={14} />}
              style={{ alignSelf: "flex-start" }}
              onClick={() => form.insertListItem("custom", { name: "", value: "" })}
            >
              Add a value of your own
            </Button>
          </Stack>
        </>
      )}
    />
  );
}

function LatestCalls({ contact }: { contact: Contact }) {
  const query = { contact_id: contact.id, limit: 10 };
  const list = useQuery(pageQuery<Call>(calls.path, ["call"], query));
  if (contact.call_count === 0) return null;
  return (
    <div>
      <Divider mb="md" />
      <Title order={3} size="h5" mb={4}>
        Latest calls
      </Title>
      {list.error && <FailureNotice error={list.error} retry={() => void list.refetch()} />}
      {!list.data && !list.error && <SkeletonLines lines={3} />}
      <Table aria-label="Latest calls">
        <Table.Tbody>
          {list.data?.data.map(({ id, started_at, summary }) => (
            <Table.Tr key={id}>
              <Table.Td w={120} style={{ verticalAlign: "top" }}>
                <PageLink to={`/calls/${id}`}>
                  <Time at={started_at} />
                </PageLink>
              </Table.Td>
              <Table.Td>{summary ?? "No summary"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {list.data?.has_more && (
        <PageLink to={`/calls?contact_id=${contact.id}`}>All {contact.call_count} calls</PageLink>
      )}
    </div>
  );
}
