import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChangeIncident } from "../../api/queries";
import type { IncidentDetail } from "../../api/types";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { Modal } from "../../ui/Modal";
import { ErrorText } from "../../ui/State";
import { notify } from "../../ui/toast";

export function StatusButtons({ incident: { incident_id, status } }: { incident: IncidentDetail }) {
  const { t } = useTranslation();
  const change = useChangeIncident(incident_id);
  const [resolving, setResolving] = useState(false);
  const [note, setNote] = useState("");
  if (status === "resolved") return null;
  const acknowledge = () =>
    change.mutate(
      { status: "acknowledged" },
      { onSuccess: () => notify(t("incident.acknowledged")), onError: (error) => notify(error.message, "danger") },
    );
  const resolve = () =>
    change.mutate(
      { status: "resolved", note: note.trim() },
      {
        onSuccess: () => {
          setResolving(false);
          notify(t("incident.resolved"));
        },
      },
    );
  return (
    <>
      {status === "open" && (
        <Button isPending={change.isPending && !resolving} onPress={acknowledge}>
          {t("incident.acknowledge")}
        </Button>
      )}
      <Button kind="primary" onPress={() => setResolving(true)}>
        {t("incident.resolve")}
      </Button>
      <Modal title={t("incident.resolve_title")} isOpen={resolving} onClose={() => setResolving(false)}>
        <p>{t("incident.resolve_text")}</p>
        <TextField label={t("incident.resolve_note")} value={note} onChange={setNote} multiline autoFocus />
        {change.error && <ErrorText error={change.error} />}
        <div className="dialog-actions">
          <Button onPress={() => setResolving(false)}>{t("action.back")}</Button>
          <Button kind="primary" isPending={change.isPending} isDisabled={note.trim() === ""} onPress={resolve}>
            {t("incident.resolve")}
          </Button>
        </div>
      </Modal>
    </>
  );
}
