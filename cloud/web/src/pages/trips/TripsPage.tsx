import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useTrips } from "../../api/queries";
import type { TripStatus } from "../../api/types";
import { Page } from "../../app/Page";
import { useMay } from "../../app/session";
import { useFormat } from "../../i18n/useFormat";
import { TripBadge } from "../../ui/Badge";
import { Button, LinkButton } from "../../ui/Button";
import { Select } from "../../ui/Select";
import { Empty, Failure, Skeleton } from "../../ui/State";
import { Ago, Time } from "../../ui/Time";
import { TRIP_STATUSES } from "./status";
import "../../ui/table.css";

export default function TripsPage() {
  const { t } = useTranslation();
  const mayOrder = useMay("operate-trips");
  const [search, setSearch] = useSearchParams();
  const status = (search.get("status") as TripStatus | null) ?? undefined;
  return (
    <Page
      title={t("nav.trips")}
      actions={
        <>
          <Select
            label={t("trip.filter")}
            value={status ?? "all"}
            onChange={(next) => setSearch(next === "all" ? {} : { status: next }, { replace: true })}
            options={[
              { id: "all", label: t("trip.all") },
              ...TRIP_STATUSES.map((status) => ({ id: status, label: t(`trip.status.${status}`) })),
            ]}
          />
          {mayOrder && (
            <LinkButton kind="primary" icon={<Plus aria-hidden />} href="/?order">
              {t("order.title")}
            </LinkButton>
          )}
        </>
      }
    >
      <TripTable status={status} />
    </Page>
  );
}

function TripTable({ status }: { status: TripStatus | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTrips(status);
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  if (!data) return <Skeleton lines={8} />;
  const trips = data.pages.flat();
  if (trips.length === 0) return <Empty title={t("trip.none")} />;
  return (
    <>
      <div className="table-frame">
        <table className="table">
          <thead>
            <tr>
              <th>{t("trip.trip")}</th>
              <th>{t("trip.state")}</th>
              <th>{t("vehicle.vehicle")}</th>
              <th>{t("order.pickup")}</th>
              <th>{t("order.destination")}</th>
              <th className="number">{t("order.passengers")}</th>
              <th>{t("trip.ordered")}</th>
              <th>{t("trip.updated")}</th>
            </tr>
          </thead>
          <tbody>
            {trips.map((trip) => (
              <tr key={trip.trip_id}>
                <td>
                  <Link to={`/trips/${trip.trip_id}`} className="row-link">
                    <bdi className="id">{trip.trip_id}</bdi>
                  </Link>
                </td>
                <td>
                  <TripBadge status={trip.status} />
                </td>
                <td data-label={t("vehicle.vehicle")}>{trip.vehicle_id ? <bdi>{trip.vehicle_id}</bdi> : "—"}</td>
                <td data-label={t("order.pickup")}>
                  <bdi>{format.place(trip.pickup)}</bdi>
                </td>
                <td data-label={t("order.destination")}>
                  <bdi>{format.place(trip.destination)}</bdi>
                </td>
                <td className="number" data-label={t("order.passengers")}>
                  {format.number(trip.passenger_count)}
                </td>
                <td data-label={t("trip.ordered")}>
                  <Time at={trip.created_at} />
                </td>
                <td data-label={t("trip.updated")}>
                  <Ago at={trip.updated_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {hasNextPage && (
        <Button isPending={isFetchingNextPage} onPress={() => fetchNextPage()}>
          {t("action.more")}
        </Button>
      )}
    </>
  );
}
