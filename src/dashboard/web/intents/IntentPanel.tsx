/** The panel of one intent, or of a new one, beside the list. */
import { Switch, Textarea, TextInput } from "@mantine/core";
import { useNavigate, useParams } from "@tanstack/react-router";
import { PAGE_PATHS } from "../../page-paths.ts";
import { intents } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { ResourceForm } from "../parts/form.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { RelatedRules } from "../rules/RelatedRules.tsx";

export function IntentPanel() {
  const { id } = useParams({ from: "/shell/intents/$id" });
  const navigate = useNavigate();
  const close = usePanelClose(PAGE_PATHS.intents);
  const help = useFieldHelp("IntentCreate");
  return (
    <ObjectPanel
      resource={intents}
      id={id}
      titleOf={({ name }) => name}
      onClose={close}
      below={() => (
        <RelatedRules
          title="Rules with this intent"
          matches={({ condition }) =>
            condition.type === "topic_match" && condition.intent_id === id
          }
        />
      )}
    >
      {(existing) => (
        <ResourceForm
          resource={intents}
          target={existing && { id, etag: existing.etag }}
          initial={{
            name: existing?.data.name ?? "",
            description: existing?.data.description ?? "",
            active: existing?.data.active ?? true,
          }}
          toBody={({ description, ...rest }) => ({ ...rest, description: description || null })}
          submit={existing ? "Save changes" : "Create intent"}
          onCancel={close}
          onSaved={(saved) => {
            if (!existing)
              void navigate({ to: PAGE_PATHS.intent, params: { id: saved.id }, search: true });
          }}
          fields={(form) => (
            <>
              <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
              <Textarea
                label="What the receptionist does"
                {...help("description")}
                autosize
                minRows={3}
                maxRows={12}
                {...form.getInputProps("description")}
              />
              <Switch
                label="Active"
                description={help("active").description}
                {...form.getInputProps("active", { type: "checkbox" })}
              />
            </>
          )}
        />
      )}
    </ObjectPanel>
  );
}
