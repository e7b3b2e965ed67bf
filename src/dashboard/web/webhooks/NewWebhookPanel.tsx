/** A new webhook beside the list, and its secret, this once. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { SubscriptionForm } from "./SubscriptionForm.tsx";
import { SubscriptionSecret } from "./SubscriptionSecret.tsx";

export function NewWebhookPanel() {
  const close = usePanelClose("/webhooks");
  const navigate = useNavigate();
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  // In place of the panel: one Esc must not close both.
  if (made)
    return (
      <SubscriptionSecret
        title="The secret of your webhook"
        secret={made.secret}
        onClose={() => void navigate({ to: "/webhooks/$id", params: { id: made.id } })}
      />
    );
  return (
    <Panel title="New webhook" onClose={close}>
      <SubscriptionForm
        onSaved={({ id }, secret) => setMade({ id, secret: secret! })}
        onCancel={close}
      />
    </Panel>
  );
}
