import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { useTrip, vehicles } from "../../api/queries";
import { Page } from "../../app/Page";
import { useVehicle } from "../../live/hooks";
import type { Vehicle } from "../../live/vehicle";
import { LazyFleetMap } from "../../map/LazyFleetMap";
import { VehicleBadge } from "../../ui/Badge";
import { LinkButton } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty, Failure, Skeleton } from "../../ui/State";
import { useTrail } from "../live/trail";
import { EmergencyStopButton } from "./EmergencyStop";
import { SafetyState } from "./SafetyState";
import { StopEvidence } from "./StopEvidence";
import { VehicleFacts } from "./VehicleFacts";
import "./vehicle.css";

const History = lazy(() => import("./History"));

export default function VehiclePage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const vehicle = useVehicle(id);
  const { data, error, refetch } = useQuery(vehicles);
  if (vehicle) return <VehicleView vehicle={vehicle} key={id} />;
  if (error) return <Failure error={error} onRetry={refetch} />;
  if (!data || data.some(({ vehicle_id }) => vehicle_id === id)) return <Skeleton lines={8} />;
  return (
    <Page title={t("vehicle.title", { id })}>
      <Empty title={t("vehicle.unknown", { id })} />
    </Page>
  );
}

function VehicleView({ vehicle }: { vehicle: Vehicle }) {
  const { t } = useTranslation();
  const { id } = vehicle;
  const shown = useMemo(() => new Set([id]), [id]);
  const trip = useTrip(vehicle.live?.trip_id).data;
  const trail = useTrail(id);
  return (
    <Page
      title={
        <>
          <bdi>{id}</bdi>
          <VehicleBadge status={vehicle.status} />
        </>
      }
      windowTitle={id}
      actions={<LinkButton href={`/?vehicle=${id}`}>{t("vehicle.on_map")}</LinkButton>}
    >
      <div className="vehicle-grid">
        <div className="stack">
          <Card title={t("safety.title")}>
            <div className="stack">
              <SafetyState vehicle={vehicle} />
              <EmergencyStopButton id={id} />
            </div>
          </Card>
          <Card title={t("stop.stops")}>
            <StopEvidence id={id} />
          </Card>
          <Card title={t("vehicle.diagnostics")}>
            <Diagnostics vehicle={vehicle} />
          </Card>
        </div>
        <div className="vehicle-main">
          <Card title={t("vehicle.state")}>
            <VehicleFacts vehicle={vehicle} />
          </Card>
          <div className="vehicle-map">
            <LazyFleetMap
              label={t("vehicle.map", { id })}
              ids={shown}
              selected={id}
              follow
              route={trip?.route.geometry}
              trail={trail}
            />
          </div>
          <div className="vehicle-history">
            <Suspense fallback={<Skeleton lines={6} />}>
              <History id={id} />
            </Suspense>
          </div>
        </div>
      </div>
    </Page>
  );
}

function Diagnostics({ vehicle: { live, status } }: { vehicle: Vehicle }) {
  const { t } = useTranslation();
  if (!live) return <p className="muted">{t("vehicle.never")}</p>;
  if (live.faults.length === 0) {
    return <p className="muted">{t(status === "offline" ? "vehicle.no_faults_then" : "vehicle.no_faults")}</p>;
  }
  return (
    <ul className="faults">
      {live.faults.map((fault) => (
        <li key={fault}>
          <code dir="ltr">{fault}</code>
        </li>
      ))}
    </ul>
  );
}
