import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCancelTrip } from "../../api/queries";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { Modal } from "../../ui/Modal";
import { ErrorText } from "../../ui/State";
import { notify } from "../../ui/toast";

export function CancelTrip({ id }: { id: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const cancel = useCancelTrip(id);
  const send = () =>
    cancel.mutate(reason.trim() || "called off by the operator", {
      onSuccess: () => {
        setOpen(false);
        notify(t("trip.cancelled"));
      },
    });
  return (
    <>
      <Button onPress={() => setOpen(true)}>{t("trip.cancel")}</Button>
      <Modal title={t("trip.cancel_title")} isOpen={open} onClose={() => setOpen(false)} alert>
        <p>{t("trip.cancel_text")}</p>
        <TextField label={t("action.reason")} value={reason} onChange={setReason} maxLength={500} autoFocus />
        {cancel.error && <ErrorText error={cancel.error} />}
        <div className="dialog-actions">
          <Button onPress={() => setOpen(false)}>{t("trip.keep")}</Button>
          <Button kind="danger" isPending={cancel.isPending} onPress={send}>
            {t("trip.cancel")}
          </Button>
        </div>
      </Modal>
    </>
  );
}
