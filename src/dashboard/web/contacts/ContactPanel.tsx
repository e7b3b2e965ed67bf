/** The panel of one contact, or of a new one, beside the list. */
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
import type { UseFormReturnType } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { Call, Contact } from "../../answers.ts";
import { PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { pageQuery } from "../api/queries.ts";
import { calls, contacts } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { ResourceForm } from "../parts/form.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
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

/** An empty input becomes null. Custom fields without a name and a value are left out. */
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
  const navigate = useNavigate();
  const close = usePanelClose(PAGE_PATHS.contacts);
  return (
    <ObjectPanel
      resource={contacts}
      id={id}
      titleOf={(contact) => nameOf(contact) || formatPhone(contact.phone_number)}
      onClose={close}
      below={(contact) => (
        <>
          <AgentNotes notes={contact.agent_notes} />
          <LatestCalls contact={contact} />
        </>
      )}
    >
      {(existing) => (
        <ResourceForm
          resource={contacts}
          target={existing && { id, etag: existing.etag }}
          initial={valuesOf(existing?.data)}
          toBody={bodyOf}
          submit={existing ? "Save changes" : "Create contact"}
          onCancel={close}
          onSaved={(saved) => {
            if (!existing)
              void navigate({ to: PAGE_PATHS.contact, params: { id: saved.id }, search: true });
          }}
          fields={(form) => <ContactFields form={form} isNew={existing === null} />}
        />
      )}
    </ObjectPanel>
  );
}

type ContactForm = UseFormReturnType<Values>;

function ContactFields({ form, isNew }: { form: ContactForm; isNew: boolean }) {
  const help = useFieldHelp(isNew ? "ContactCreate" : "ContactUpdate");
  return (
    <>
      <Group grow align="flex-start">
        <TextInput label="First name" {...form.getInputProps("first_name")} />
        <TextInput label="Last name" {...form.getInputProps("last_name")} />
      </Group>
      <TextInput
        label="Phone number"
        type="tel"
        {...help("phone_number")}
        required={isNew}
        readOnly={!isNew}
        {...form.getInputProps("phone_number")}
      />
      <TextInput label="Email" type="email" {...form.getInputProps("email")} />
      <CustomFields form={form} />
    </>
  );
}

function CustomFields({ form }: { form: ContactForm }) {
  return (
    <Stack gap="xs">
      {form.values.custom.map((entry, i) => (
        <Group key={i} align="flex-start" wrap="nowrap" gap="xs">
          <TextInput
            aria-label={`Custom field ${i + 1}, name`}
            placeholder="crm_id"
            flex={1}
            {...form.getInputProps(`custom.${i}.name`)}
          />
          <TextInput
            aria-label={`Custom field ${i + 1}, value`}
            placeholder="A-1042"
            flex={1}
            error={form.errors[`custom.${entry.name}`]}
            {...form.getInputProps(`custom.${i}.value`)}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            mt={4}
            aria-label={`Remove custom field ${i + 1}`}
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
        Add custom field
      </Button>
    </Stack>
  );
}

function AgentNotes({ notes }: { notes: string | null }) {
  if (!notes) return null;
  return (
    <div>
      <Title order={3} size="h5" mb={4}>
        Receptionist notes
      </Title>
      <Prose>{notes}</Prose>
    </div>
  );
}

function LatestCalls({ contact: { id, call_count } }: { contact: Contact }) {
  const query = useQuery(pageQuery<Call>(calls.path, ["call"], { contact_id: id, limit: 10 }));
  if (call_count === 0) return null;
  return (
    <div>
      <Divider mb="md" />
      <Title order={3} size="h5" mb={4}>
        Latest calls
      </Title>
      <Loaded query={query} lines={3}>
        {({ data, has_more }) => (
          <>
            <Table aria-label="Latest calls">
              <Table.Tbody>
                {data.map((call) => (
                  <Table.Tr key={call.id}>
                    <Table.Td w={120} style={{ verticalAlign: "top" }}>
                      <PageLink to={pagePath("call", { id: call.id })}>
                        <Time at={call.started_at} />
                      </PageLink>
                    </Table.Td>
                    <Table.Td>{call.summary ?? "No summary"}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {has_more && (
              <PageLink to={`${PAGE_PATHS.calls}?contact_id=${id}`}>
                View all {call_count.toLocaleString()} calls
              </PageLink>
            )}
          </>
        )}
      </Loaded>
    </div>
  );
}
