import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useFormat } from "../../i18n/useFormat";
import type { Vehicle } from "../../live/vehicle";
import { VehicleBadge } from "../../ui/Badge";
import { Facts } from "../../ui/Card";
import { Ago } from "../../ui/Time";

const MODES = ["offline", "idle", "autonomous", "manual", "remote_assist", "stopping", "stopped"] as const;

/** State of a vehicle; what is old is dimmed, with its age. */
export function VehicleFacts({ vehicle }: { vehicle: Vehicle }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { live, status, registered } = vehicle;
  const mode = MODES.find((mode) => mode === live?.mode);
  return (
    <div className="vehicle-facts" data-stale={status === "offline" || undefined}>
      <Facts
        items={[
          [t("vehicle.state"), <VehicleBadge key="status" status={status} />],
          [t("vehicle.heard"), live ? <Ago key="age" at={live.received_at} /> : t("vehicle.never")],
          ...(live
            ? ([
                [t("vehicle.speed"), format.speed(live.speed_mps)],
                [t("vehicle.battery"), format.percent(live.battery_fraction)],
                [t("vehicle.mode"), mode ? t(`vehicle.modes.${mode}`) : live.mode],
                [
                  t("vehicle.trip"),
                  live.trip_id ? (
                    <Link key="trip" to={`/trips/${live.trip_id}`}>
                      <bdi>{live.trip_id}</bdi>
                    </Link>
                  ) : (
                    t("vehicle.no_trip")
                  ),
                ],
                [t("vehicle.position"), <bdi key="position">{format.place(live)}</bdi>],
              ] as const)
            : []),
          [t("vehicle.model"), <bdi key="model">{registered.model}</bdi>],
          [t("vehicle.area"), <bdi key="area">{registered.area}</bdi>],
          ...(registered.fleet_id ? [[t("vehicle.fleet"), <bdi key="fleet">{registered.fleet_id}</bdi>] as const] : []),
          [t("vehicle.seats"), format.number(registered.seats ?? 0)],
          ...(registered.in_service === false ? [[t("vehicle.service"), t("vehicle.out_of_service")] as const] : []),
        ]}
      />
    </div>
  );
}
