import { OctagonX } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useStopVehicle } from "../../api/queries";
import { useMay } from "../../app/session";
import { Button } from "../../ui/Button";
import { Modal } from "../../ui/Modal";
import { ErrorText } from "../../ui/State";
import { notify } from "../../ui/toast";
import { REASONS, useReason } from "./reasons";
import "./safety.css";

/** The second half of a double click must not choose a reason. */
const ARMED_AFTER_MS = 400;

/** Two deliberate presses: the red control, then the reason. */
export function EmergencyStopButton({ id }: { id: string }) {
  const { t } = useTranslation();
  const mayStop = useMay("stop-vehicles");
  const [open, setOpen] = useState(false);
  if (!mayStop) return null;
  return (
    <>
      <Button kind="danger" className="estop" icon={<OctagonX aria-hidden />} onPress={() => setOpen(true)}>
        {t("stop.button")}
      </Button>
      <Modal title={t("stop.title", { id })} isOpen={open} onClose={() => setOpen(false)} alert>
        <Reasons id={id} onClose={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function Reasons({ id, onClose }: { id: string; onClose(): void }) {
  const { t } = useTranslation();
  const stop = useStopVehicle(id);
  const word = useReason();
  const [armed, setArmed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setArmed(true), ARMED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const send = (reason: string) => {
    if (!armed) return;
    stop.mutate(reason, {
      onSuccess: () => {
        onClose();
        notify(t("stop.requested", { id }), "danger");
      },
    });
  };
  return (
    <>
      <p>{t("stop.explained")}</p>
      <fieldset className="estop-reasons" aria-label={t("stop.reason")}>
        {REASONS.map((reason, index) => (
          <Button
            key={reason}
            kind="danger"
            autoFocus={index === 0}
            isDisabled={stop.isPending}
            onPress={() => send(reason)}
          >
            {t("stop.because", { reason: word(reason) })}
          </Button>
        ))}
      </fieldset>
      {stop.error && (
        <div role="alert" className="form-error">
          <ErrorText error={stop.error} />
        </div>
      )}
      <div className="dialog-actions">
        <Button onPress={onClose}>{t("stop.dont")}</Button>
      </div>
    </>
  );
}
