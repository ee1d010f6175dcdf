import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useReleaseVehicle } from "../../api/queries";
import type { EmergencyStop } from "../../api/types";
import { useMay, useUser } from "../../app/session";
import { useServerNow } from "../../live/clock";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import { Modal } from "../../ui/Modal";
import { ErrorText } from "../../ui/State";
import { Time } from "../../ui/Time";
import { notify } from "../../ui/toast";
import { validApprovals } from "./release";

const STANDS = new Set(["standing", "release_pending"]);

/** Two different people have to agree that the vehicle drives again. */
export function ReleaseControl({ stop }: { stop: EmergencyStop }) {
  const { t } = useTranslation();
  const user = useUser();
  const mayRelease = useMay("release-vehicles");
  const now = useServerNow();
  const approvals = validApprovals(stop, now);
  const agreed = approvals.some((approval) => approval.user === user.user_id);
  return (
    <div className="release">
      <p>
        <strong>{t("release.rule")}</strong> {t("release.count", { number: Math.min(approvals.length, 2) })}
      </p>
      {approvals.map(({ user, at }) => (
        <p key={user}>
          {t("release.agreed", { user })} <Time at={at} as="time" />
        </p>
      ))}
      {!STANDS.has(stop.status) && <p className="muted">{t("release.wait")}</p>}
      {STANDS.has(stop.status) && agreed && approvals.length < 2 && <p className="muted">{t("release.second")}</p>}
      {STANDS.has(stop.status) && mayRelease && (!agreed || approvals.length > 1) && (
        <AgreeButton id={stop.vehicle_id} last={approvals.length > 0} />
      )}
    </div>
  );
}

function AgreeButton({ id, last }: { id: string; last: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const release = useReleaseVehicle(id);
  const send = () =>
    release.mutate(reason.trim(), {
      onSuccess: (stop) => {
        setOpen(false);
        notify(t(stop.status === "released" ? "release.done" : "release.pending", { id }));
      },
    });
  return (
    <>
      <Button onPress={() => setOpen(true)}>{t("release.button")}</Button>
      <Modal title={t("release.title", { id })} isOpen={open} onClose={() => setOpen(false)} alert>
        <p>{t(last ? "release.text_last" : "release.text_first", { id })}</p>
        <TextField label={t("release.reason")} value={reason} onChange={setReason} maxLength={500} autoFocus />
        {release.error && (
          <div role="alert" className="form-error">
            <ErrorText error={release.error} />
          </div>
        )}
        <div className="dialog-actions">
          <Button onPress={() => setOpen(false)}>{t("action.back")}</Button>
          <Button kind="primary" isPending={release.isPending} isDisabled={reason.trim() === ""} onPress={send}>
            {t("release.button")}
          </Button>
        </div>
      </Modal>
    </>
  );
}
