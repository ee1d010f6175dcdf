import { LocateFixed, X } from "lucide-react";
import { ToggleButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useVehicle } from "../../live/hooks";
import { Button, LinkButton } from "../../ui/Button";
import { Empty } from "../../ui/State";
import { EmergencyStopButton } from "../vehicles/EmergencyStop";
import { SafetyNotice } from "../vehicles/SafetyState";
import { VehicleFacts } from "../vehicles/VehicleFacts";

interface Props {
  id: string;
  follow: boolean;
  onFollow(follow: boolean): void;
  onClose(): void;
}

export function SelectedVehicle({ id, follow, onFollow, onClose }: Props) {
  const { t } = useTranslation();
  const vehicle = useVehicle(id);
  return (
    <aside className="panel" aria-label={t("vehicle.selected", { id })}>
      <header className="panel-header">
        <h2>
          <Link to={`/vehicles/${id}`}>
            <bdi>{id}</bdi>
          </Link>
        </h2>
        <Button kind="quiet" className="icon-only" aria-label={t("action.close")} onPress={onClose}>
          <X aria-hidden />
        </Button>
      </header>
      {vehicle ? (
        <>
          <SafetyNotice vehicle={vehicle} />
          <VehicleFacts vehicle={vehicle} brief />
          <div className="panel-actions">
            <ToggleButton className="button secondary" isSelected={follow} onChange={onFollow}>
              <LocateFixed aria-hidden />
              {t("map.follow")}
            </ToggleButton>
            <LinkButton href={`/vehicles/${id}`}>{t("vehicle.details")}</LinkButton>
          </div>
          <div className="panel-footer">
            <EmergencyStopButton id={id} />
          </div>
        </>
      ) : (
        <Empty title={t("vehicle.unknown", { id })} />
      )}
    </aside>
  );
}
