/** A warning before unsaved changes are lost. */
import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useBlocker } from "@tanstack/react-router";
import { useEffect } from "react";

/** Asks before a link, the back button or closing the tab discards unsaved changes. */
export function useUnsavedChanges(isDirty: boolean): void {
  const { proceed, reset, status } = useBlocker({
    shouldBlockFn: () => isDirty,
    enableBeforeUnload: isDirty,
    withResolver: true,
  });
  useEffect(() => {
    if (status !== "blocked") return;
    modals.openConfirmModal({
      title: "Leave without saving?",
      children: <Text size="sm">Your changes will be lost.</Text>,
      labels: { confirm: "Leave", cancel: "Stay" },
      confirmProps: { color: "red" },
      onConfirm: proceed,
      onCancel: reset,
      onClose: reset,
    });
  }, [status, proceed, reset]);
}
