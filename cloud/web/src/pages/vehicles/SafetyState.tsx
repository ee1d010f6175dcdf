import { OctagonAlert, ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { LiveVehicle } from "../../api/types";
import type { Vehicle } from "../../live/vehicle";
import type en from "../../locales/en.json";
import { Fact, Facts } from "../../ui/Card";
import "./safety.css";

type Cause = keyof typeof en.safety.cause;
type Mode = keyof typeof en.safety.mode;

/** Cause and way out in the user's language; an id that is newer than this page comes in the words of the vehicle. */
function useSafetyWords({ safety }: LiveVehicle) {
  const { t, i18n } = useTranslation();
  const cause = safety.root_cause as Cause;
  const known = i18n.exists(`safety.cause.${cause}`);
  return {
    mode: i18n.exists(`safety.mode.${safety.mode}`) ? t(`safety.mode.${safety.mode as Mode}`) : safety.mode,
    cause: known ? t(`safety.cause.${cause}`) : safety.root_cause,
    wayOut: known ? t(`safety.way_out.${cause}`) : safety.way_out,
  };
}

/** Only if something is not as it should be. */
export function SafetyNotice({ vehicle }: { vehicle: Vehicle }) {
  if (!vehicle.live || vehicle.live.safety.root_cause === "") return null;
  return <Notice live={vehicle.live} />;
}

function Notice({ live }: { live: LiveVehicle }) {
  const { t } = useTranslation();
  const { mode, cause, wayOut } = useSafetyWords(live);
  return (
    <div className="safety-notice" data-latched={live.safety.latched || undefined}>
      <OctagonAlert aria-hidden />
      <div>
        <p className="safety-title">{mode}</p>
        <p>{cause}</p>
        <p>
          <strong>{t("safety.to_drive_on")}</strong> {wayOut}
        </p>
      </div>
    </div>
  );
}

export function SafetyState({ vehicle }: { vehicle: Vehicle }) {
  const { t } = useTranslation();
  const { live } = vehicle;
  if (!live) return <p className="muted">{t("vehicle.never")}</p>;
  return <KnownSafetyState live={live} />;
}

function KnownSafetyState({ live }: { live: LiveVehicle }) {
  const { t } = useTranslation();
  const { mode } = useSafetyWords(live);
  if (live.safety.root_cause !== "") {
    return (
      <div className="stack">
        <Notice live={live} />
        <Facts>
          <Fact label={t("safety.root_cause")}>
            <code>{live.safety.root_cause}</code>
          </Fact>
          <Fact label={t("safety.latched")}>{t(live.safety.latched ? "safety.latched_yes" : "safety.latched_no")}</Fact>
        </Facts>
      </div>
    );
  }
  return (
    <p className="safety-nominal">
      <ShieldCheck aria-hidden />
      {mode}
    </p>
  );
}
