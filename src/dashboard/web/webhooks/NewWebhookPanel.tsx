/** The panel of a new webhook, and the dialog that shows its secret once. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { PAGE_PATHS } from "../../page-paths.ts";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { SubscriptionForm } from "./SubscriptionForm.tsx";
import { SubscriptionSecret } from "./SubscriptionSecret.tsx";

export function NewWebhookPanel() {
  const close = usePanelClose(PAGE_PATHS.webhooks);
  const navigate = useNavigate();
  const [created, setCreated] = useState<{ id: string; secret: string } | null>(null);
  // The dialog replaces the panel: one Esc must not close both.
  if (created)
    return (
      <SubscriptionSecret
        title="Webhook signing secret"
        secret={created.secret}
        onClose={() => void navigate({ to: PAGE_PATHS.webhook, params: { id: created.id } })}
      />
    );
  return (
    <Panel title="New webhook" onClose={close}>
      <SubscriptionForm
        onSaved={({ id }, secret) => setCreated({ id, secret: secret! })}
        onCancel={close}
      />
    </Panel>
  );
}
