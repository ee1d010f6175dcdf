import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useTrip } from "../../api/queries";
import type { Trip, TripStatus } from "../../api/types";
import { Page } from "../../app/Page";
import { useMay } from "../../app/session";
import { useFormat } from "../../i18n/useFormat";
import { useVehicle } from "../../live/hooks";
import { boundsOf } from "../../map/geo";
import { LazyFleetMap } from "../../map/LazyFleetMap";
import { TripBadge, VehicleBadge } from "../../ui/Badge";
import { Card, Fact, Facts } from "../../ui/Card";
import { Failure, Skeleton } from "../../ui/State";
import { Ago, Time } from "../../ui/Time";
import { Timeline } from "../../ui/Timeline";
import { CancelTrip } from "./CancelTrip";
import { isFinal } from "./status";
import "./trip.css";

export default function TripPage() {
  const { id = "" } = useParams();
  const { data: trip, error, refetch } = useTrip(id);
  if (error && !trip) return <Failure error={error} onRetry={refetch} />;
  if (!trip) return <Skeleton lines={8} />;
  return <TripView trip={trip} />;
}

function TripView({ trip }: { trip: Trip }) {
  const { t } = useTranslation();
  const title = t("trip.title");
  const mayOperate = useMay("operate-trips");
  const { pickup, destination, route, vehicle_id, status } = trip;
  const active = !isFinal(status);
  const shown = useMemo(() => new Set(active && vehicle_id ? [vehicle_id] : []), [active, vehicle_id]);
  const pins = useMemo(
    () => [
      { ...pickup, letter: "A" },
      { ...destination, letter: "B" },
    ],
    [pickup, destination],
  );
  const view = useMemo(() => boundsOf([...route.geometry, pickup, destination]), [route, pickup, destination]);
  return (
    <Page
      title={
        <>
          <span>
            {title} <bdi className="page-id">{trip.trip_id}</bdi>
          </span>
          <TripBadge status={status} />
        </>
      }
      windowTitle={`${title} ${trip.trip_id}`}
      actions={mayOperate && active && <CancelTrip id={trip.trip_id} />}
    >
      <div className="columns">
        <div className="stack">
          {trip.waiting_because && (
            <p className="trip-waiting" role="status">
              <strong>{t("trip.waits")}</strong> <bdi>{trip.waiting_because}</bdi>
            </p>
          )}
          <Card title={t("trip.details")}>
            <TripFacts trip={trip} />
          </Card>
          <Card title={t("trip.timeline")}>
            <Timeline
              label={t("trip.timeline")}
              entries={trip.transitions.map((step) => ({
                key: `${step.at} ${step.status}`,
                title: t(`trip.status.${step.status as TripStatus}`),
                tone: TONES[step.status],
                ...step,
                detail: step.reason,
              }))}
            />
          </Card>
        </div>
        <div className="trip-map">
          <LazyFleetMap
            label={t("trip.map")}
            ids={shown}
            selected={vehicle_id ?? undefined}
            route={route.geometry}
            pins={pins}
            view={view}
          />
        </div>
      </div>
    </Page>
  );
}

const TONES: Record<string, "danger" | "success" | undefined> = { completed: "success", failed: "danger" };

function TripFacts({ trip }: { trip: Trip }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Facts>
      <Fact label={t("vehicle.vehicle")}>
        {trip.vehicle_id ? <TripVehicle id={trip.vehicle_id} /> : t("trip.no_vehicle")}
      </Fact>
      <Fact label={`A · ${t("order.pickup")}`}>
        <bdi>{format.place(trip.pickup)}</bdi>
      </Fact>
      <Fact label={`B · ${t("order.destination")}`}>
        <bdi>{format.place(trip.destination)}</bdi>
      </Fact>
      <Fact label={t("order.passengers")}>{format.number(trip.passenger_count)}</Fact>
      <Fact label={t("trip.route")}>
        {format.distance(trip.route.length_m)} · {format.duration(trip.route.duration_s)}
      </Fact>
      <Fact label={t("trip.area")}>
        <bdi>{trip.area}</bdi>
      </Fact>
      <Fact label={t("trip.ordered")}>
        <Time at={trip.created_at} />
      </Fact>
      <Fact label={t("trip.ordered_by")}>
        <bdi>{trip.created_by}</bdi>
      </Fact>
      <Fact label={t("trip.updated")}>
        <Ago at={trip.updated_at} />
      </Fact>
    </Facts>
  );
}

function TripVehicle({ id }: { id: string }) {
  const vehicle = useVehicle(id);
  return (
    <span className="trip-vehicle">
      <Link to={`/vehicles/${id}`}>
        <bdi>{id}</bdi>
      </Link>
      {vehicle && <VehicleBadge status={vehicle.status} />}
    </span>
  );
}
