/** The panel of one knowledge entry, or of a new one, beside the list. */
import { Button, Group, Text, Textarea, TextInput, Title } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconMapPin, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import type { KnowledgeEntry } from "../../answers.ts";
import { NEW_ID, PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { explainError, send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { locations, type Resource } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { NotFound } from "../frame/NotFound.tsx";
import { LocationSelect, useNames } from "../parts/choices.tsx";
import { ResourceForm } from "../parts/form.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { PageLink, Prose } from "../parts/text.tsx";
import { contentOf, ENTRY_TYPES, type EntryType, isEntryType, titleOf } from "./entry-types.ts";
import { useOverrides } from "./overrides.ts";

/** The fields that entries of all types share. */
type Entry = { id: string; location_id: string | null };

const typedEntry = (type: EntryType, entry: Entry) =>
  ({ type, ...entry }) as unknown as KnowledgeEntry;

export function EntryPanel() {
  const { type, id } = useParams({ from: "/shell/knowledge/$type/$id" });
  return isEntryType(type) ? <TypedEntryPanel type={type} id={id} /> : <NotFound />;
}

function TypedEntryPanel({ type, id }: { type: EntryType; id: string }) {
  const close = usePanelClose(PAGE_PATHS.knowledge);
  const { resource, label } = ENTRY_TYPES[type];
  return (
    <ObjectPanel
      resource={resource as unknown as Resource<Entry>}
      id={id}
      titleOf={(entry) => `${label}: ${titleOf(typedEntry(type, entry))}`}
      onClose={close}
      below={(entry) => (
        <>
          <OverrideList entry={typedEntry(type, entry)} />
          <EntryActions entry={typedEntry(type, entry)} />
        </>
      )}
    >
      {(existing) => <EntryForm type={type} entry={existing?.data} etag={existing?.etag ?? null} />}
    </ObjectPanel>
  );
}

interface EntryFormProps {
  type: EntryType;
  /** Undefined for a new entry. */
  entry?: Entry;
  etag: string | null;
}

function EntryForm({ type, entry, etag }: EntryFormProps) {
  const navigate = useNavigate();
  const close = usePanelClose(PAGE_PATHS.knowledge);
  const { resource, title, content } = ENTRY_TYPES[type];
  const help = useFieldHelp(`${resource.schema}Create`);
  // "Override for a location" opens the form of a new entry with the key of the entry that it overrides.
  const { overrides = "" } = useLocation().state;
  const values = entry as unknown as Record<string, string> | undefined;
  return (
    <ResourceForm
      resource={resource as unknown as Resource<Entry>}
      target={entry ? { id: entry.id, etag } : null}
      initial={
        {
          [title.field]: values?.[title.field] ?? overrides,
          [content.field]: values?.[content.field] ?? "",
          location_id: entry?.location_id ?? null,
        } as Record<string, unknown>
      }
      submit={entry ? "Save changes" : `Create ${resource.noun}`}
      onCancel={close}
      onSaved={({ id }) => {
        if (!entry)
          void navigate({ to: PAGE_PATHS.knowledgeEntry, params: { type, id }, search: true });
      }}
      fields={(form) => (
        <>
          <TextInput
            label={title.label}
            {...help(title.field)}
            required
            {...form.getInputProps(title.field)}
          />
          <Textarea
            label={content.label}
            {...help(content.field)}
            required
            autosize
            minRows={4}
            maxRows={20}
            {...form.getInputProps(content.field)}
          />
          <LocationSelect
            description={help("location_id").description}
            {...form.getInputProps("location_id")}
          />
        </>
      )}
    />
  );
}

/** The entries that this one overrides or is overridden by. */
function OverrideList({ entry }: { entry: KnowledgeEntry }) {
  const { nameOf } = useNames(locations);
  const { overrides, overriddenBy } = useOverrides()(entry);
  return (
    <>
      {overrides && (
        <div>
          <Title order={3} size="h5">
            Overrides the entry for all locations
          </Title>
          <EntrySummary entry={overrides} label="All locations" />
        </div>
      )}
      {overriddenBy.length > 0 && (
        <div>
          <Title order={3} size="h5">
            Overridden at
          </Title>
          {overriddenBy.map((other) => (
            <EntrySummary key={other.id} entry={other} label={nameOf(other.location_id)} />
          ))}
        </div>
      )}
    </>
  );
}

function EntrySummary({ entry, label }: { entry: KnowledgeEntry; label: string }) {
  return (
    <div className="anywhere">
      <PageLink to={pagePath("knowledgeEntry", { type: entry.type, id: entry.id })}>
        {label}
      </PageLink>
      <Prose>{contentOf(entry)}</Prose>
    </div>
  );
}

function EntryActions({ entry }: { entry: KnowledgeEntry }) {
  const hasLocations = useNames(locations).options.length > 0;
  const canOverride = entry.type !== "faq" && entry.location_id === null && hasLocations;
  return (
    <Group gap="xs">
      {canOverride && (
        <Button
          component={Link}
          to={pagePath("knowledgeEntry", { type: entry.type, id: NEW_ID })}
          search
          state={{ overrides: titleOf(entry) }}
          variant="default"
          leftSection={<IconMapPin size={16} />}
        >
          Override for a location
        </Button>
      )}
      <DeleteButton entry={entry} />
    </Group>
  );
}

function DeleteButton({ entry }: { entry: KnowledgeEntry }) {
  const client = useQueryClient();
  const close = usePanelClose(PAGE_PATHS.knowledge);
  const { overrides } = useOverrides()(entry);
  const { resource } = ENTRY_TYPES[entry.type];
  const path = `${resource.path}/${entry.id}`;
  async function remove() {
    try {
      await send("DELETE", path);
      // Before the refresh, which would otherwise load the deleted entry.
      client.removeQueries({ queryKey: oneQuery(path, []).queryKey });
      close();
      await refreshQueries(client, [resource.entity]);
    } catch (error) {
      notifications.show({ color: "red", message: explainError(error) });
    }
  }
  const confirmRemoval = () =>
    modals.openConfirmModal({
      title: `Delete this ${resource.noun}?`,
      children: (
        <Text size="sm" className="anywhere">
          “{titleOf(entry)}” is deleted.{" "}
          {overrides
            ? "At this location, the entry for all locations applies instead."
            : "The receptionist no longer uses it."}
        </Text>
      ),
      labels: { confirm: "Delete", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void remove(),
    });
  return (
    <Button
      variant="subtle"
      color="red"
      leftSection={<IconTrash size={16} />}
      onClick={confirmRemoval}
    >
      Delete
    </Button>
  );
}
