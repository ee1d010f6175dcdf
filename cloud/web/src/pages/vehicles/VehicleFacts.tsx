import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useFormat } from "../../i18n/useFormat";
import type { RegisteredVehicle, Vehicle } from "../../live/vehicle";
import { VehicleBadge } from "../../ui/Badge";
import { Fact, Facts } from "../../ui/Card";
import { Ago } from "../../ui/Time";

const MODES = ["offline", "idle", "autonomous", "manual", "remote_assist", "stopping", "stopped"] as const;

/** State of a vehicle; what is old is dimmed, with its age. */
export function VehicleFacts({ vehicle, brief }: { vehicle: Vehicle; brief?: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { live, status, registered } = vehicle;
  const mode = MODES.find((mode) => mode === live?.mode);
  return (
    <div className="vehicle-facts" data-stale={status === "offline" || undefined}>
      <Facts>
        <Fact label={t("vehicle.state")}>
          <VehicleBadge status={status} />
        </Fact>
        <Fact label={t("vehicle.heard")}>{live ? <Ago at={live.received_at} /> : t("vehicle.never")}</Fact>
        {live && (
          <>
            <Fact label={t("vehicle.speed")}>{format.speed(live.speed_mps)}</Fact>
            <Fact label={t("vehicle.battery")}>{format.percent(live.battery_fraction)}</Fact>
            <Fact label={t("vehicle.mode")}>{mode ? t(`vehicle.modes.${mode}`) : live.mode}</Fact>
            <Fact label={t("vehicle.trip")}>
              {live.trip_id ? (
                <Link to={`/trips/${live.trip_id}`}>
                  <bdi>{live.trip_id}</bdi>
                </Link>
              ) : (
                t("vehicle.no_trip")
              )}
            </Fact>
            {!brief && (
              <Fact label={t("vehicle.position")}>
                <bdi>{format.place(live)}</bdi>
              </Fact>
            )}
          </>
        )}
        {!brief && <Registration vehicle={registered} />}
      </Facts>
    </div>
  );
}

/** What the vehicle is, whatever it does. */
function Registration({ vehicle }: { vehicle: RegisteredVehicle }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      <Fact label={t("vehicle.model")}>
        <bdi>{vehicle.model}</bdi>
      </Fact>
      <Fact label={t("vehicle.area")}>
        <bdi>{vehicle.area}</bdi>
      </Fact>
      {vehicle.fleet_id && (
        <Fact label={t("vehicle.fleet")}>
          <bdi>{vehicle.fleet_id}</bdi>
        </Fact>
      )}
      <Fact label={t("vehicle.seats")}>{format.number(vehicle.seats ?? 0)}</Fact>
      {vehicle.in_service === false && <Fact label={t("vehicle.service")}>{t("vehicle.out_of_service")}</Fact>}
    </>
  );
}
