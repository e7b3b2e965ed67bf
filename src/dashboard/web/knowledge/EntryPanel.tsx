/** One piece of knowledge, or a new one, beside the list. */
import { Button, Group, Text, Textarea, TextInput, Title } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconMapPin, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import type { KnowledgeEntry } from "../../answers.ts";
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
import { headOf, isKind, KINDS, type Kind, textOf } from "./kinds.ts";
import { useOverrides } from "./overrides.ts";

type Entry = { id: string; location_id: string | null };

export function EntryPanel() {
  const { type, id } = useParams({ from: "/shell/knowledge/$type/$id" });
  return isKind(type) ? <Known kind={type} id={id} /> : <NotFound />;
}

function Known({ kind, id }: { kind: Kind; id: string }) {
  const close = usePanelClose("/knowledge");
  const { resource, head, name } = KINDS[kind];
  return (
    <ObjectPanel
      resource={resource as unknown as Resource<Entry>}
      id={id}
      titleOf={(entry) => `${name}: ${(entry as unknown as Record<string, string>)[head]}`}
      onClose={close}
      below={(entry) => <Others entry={{ type: kind, ...entry } as unknown as KnowledgeEntry} />}
    >
      {(known) => <EntryForm kind={kind} entry={known?.data} etag={known?.etag ?? null} />}
    </ObjectPanel>
  );
}

function EntryForm({ kind, entry, etag }: { kind: Kind; entry?: Entry; etag: string | null }) {
  const navigate = useNavigate();
  const close = usePanelClose("/knowledge");
  const { resource, head, text, name } = KINDS[kind];
  const help = useFieldHelp(`${resource.schema}Create`);
  // Of a new entry that is to override one.
  const { overrides = "" } = useLocation().state;
  const known = entry as unknown as Record<string, string> | undefined;
  const label = { key: "Key", policy_key: "Key", question: "Question" }[head];
  return (
    <ResourceForm
      resource={resource as unknown as Resource<Entry>}
      target={entry ? { id: entry.id, etag } : null}
      initial={
        {
          [head]: known?.[head] ?? overrides,
          [text]: known?.[text] ?? "",
          location_id: entry?.location_id ?? null,
        } as Record<string, unknown>
      }
      submit={entry ? "Save changes" : `Create ${name === "FAQ" ? name : name.toLowerCase()}`}
      onCancel={close}
      onSaved={({ id }) => {
        if (!entry)
          void navigate({
            to: "/knowledge/$type/$id",
            params: { type: kind, id },
            search: true,
          });
      }}
      fields={(form) => (
        <>
          <TextInput label={label} {...help(head)} required {...form.getInputProps(head)} />
          <Textarea
            label={{ value: "Fact", answer: "Answer", content: "Policy" }[text]}
            {...help(text)}
            required
            autosize
            minRows={4}
            maxRows={20}
            {...form.getInputProps(text)}
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

/** What overrides it or is overridden by it, and deleting it. */
function Others({ entry }: { entry: KnowledgeEntry }) {
  const client = useQueryClient();
  const close = usePanelClose("/knowledge");
  const places = useNames(locations);
  const { overrides, overriddenBy } = useOverrides()(entry);
  const { resource } = KINDS[entry.type];
  const ask = () =>
    modals.openConfirmModal({
      title: "Delete this?",
      children: (
        <Text size="sm" className="anywhere">
          The receptionist will not say “{headOf(entry)}” any more
          {overrides ? " as it is here; what holds everywhere holds here again." : "."}
        </Text>
      ),
      labels: { confirm: "Delete", cancel: "Keep it" },
      confirmProps: { color: "red" },
      onConfirm: () => {
        send("DELETE", `${resource.path}/${entry.id}`)
          .then(() => {
            // It is not there to be read again.
            client.removeQueries({
              queryKey: oneQuery(`${resource.path}/${entry.id}`, []).queryKey,
            });
            close();
            return refreshQueries(client, [resource.entity]);
          })
          .catch((error) => notifications.show({ color: "red", message: explainError(error) }));
      },
    });
  return (
    <>
      {overrides && (
        <div>
          <Title order={3} size="h5">
            Here it overrides what holds everywhere
          </Title>
          <Other entry={overrides} where="Everywhere" />
        </div>
      )}
      {overriddenBy.length > 0 && (
        <div>
          <Title order={3} size="h5">
            Overridden at
          </Title>
          {overriddenBy.map((other) => (
            <Other key={other.id} entry={other} where={places.nameOf(other.location_id)} />
          ))}
        </div>
      )}
      <Group gap="xs">
        {entry.type !== "faq" && entry.location_id === null && places.options.length > 0 && (
          <Button
            component={Link}
            to={`/knowledge/${entry.type}/new`}
            search
            state={{ overrides: headOf(entry) }}
            variant="default"
            leftSection={<IconMapPin size={16} />}
          >
            Override at a location
          </Button>
        )}
        <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} onClick={ask}>
          Delete
        </Button>
      </Group>
    </>
  );
}

function Other({ entry, where }: { entry: KnowledgeEntry; where: string }) {
  return (
    <div className="anywhere">
      <PageLink to={`/knowledge/${entry.type}/${entry.id}`}>{where}</PageLink>
      <Prose>{textOf(entry)}</Prose>
    </div>
  );
}
