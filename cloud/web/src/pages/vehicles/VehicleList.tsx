import { useQuery } from "@tanstack/react-query";
import { memo, useMemo } from "react";
import { GridList, GridListItem, ListLayout, Virtualizer } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { vehicles as vehiclesQuery } from "../../api/queries";
import { useFormat } from "../../i18n/useFormat";
import { useVehicle } from "../../live/hooks";
import type { Vehicle } from "../../live/vehicle";
import { VehicleBadge } from "../../ui/Badge";
import { Empty, Failure, Skeleton } from "../../ui/State";
import { Ago } from "../../ui/Time";
import "./list.css";

interface Props {
  vehicles: readonly Vehicle[];
  /** Whether there may be more than these. */
  filtered: boolean;
  selected?: string | undefined;
  onSelect(id: string | undefined): void;
  /** With all columns, for a page of its own. */
  wide?: boolean;
}

const ROW = 56;

/** The list makes its rows anew for items that it has not seen, so there is one item for each id, whatever its vehicle does. */
const items = new Map<string, { id: string }>();

function itemOf(id: string): { id: string } {
  const item = items.get(id) ?? { id };
  items.set(id, item);
  return item;
}

/** Only the rows in view exist, and each is renewed only when its vehicle changes. */
export function VehicleList({ vehicles, filtered, selected, onSelect, wide }: Props) {
  const { t } = useTranslation();
  const { isPending, error, refetch } = useQuery(vehiclesQuery);
  const rows = useMemo(() => vehicles.map(({ id }) => itemOf(id)), [vehicles]);
  if (vehicles.length === 0) {
    if (isPending) return <Skeleton lines={8} />;
    if (error) return <Failure error={error} onRetry={refetch} />;
    return <Empty title={t(filtered ? "vehicle.none_found" : "vehicle.none")} />;
  }
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: ROW }}>
      <GridList
        className={`vehicle-list ${wide ? "wide" : ""}`}
        aria-label={t("vehicle.list")}
        items={rows}
        selectionMode="single"
        selectionBehavior="replace"
        selectedKeys={selected ? [selected] : []}
        onSelectionChange={(keys) => onSelect(([...keys][0] as string | undefined) ?? selected)}
      >
        {({ id }) => (
          <GridListItem id={id} textValue={id} className="vehicle-row">
            <Row id={id} wide={wide} />
          </GridListItem>
        )}
      </GridList>
    </Virtualizer>
  );
}

const Row = memo(function Row({ id, wide }: { id: string; wide: boolean | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const vehicle = useVehicle(id);
  if (!vehicle) return null;
  const { live, status, registered } = vehicle;
  const stale = status === "offline";
  return (
    <>
      <span className="row-id">
        <bdi>{id}</bdi>
      </span>
      <VehicleBadge status={status} />
      {wide && (
        <span className="row-wide muted">
          <bdi>{registered.model}</bdi> · <bdi>{registered.area}</bdi>
        </span>
      )}
      {wide && (
        <span className="row-wide muted">
          <bdi>{live?.trip_id ?? ""}</bdi>
        </span>
      )}
      <span className="row-detail" data-stale={stale || undefined}>
        {!live ? (
          t("vehicle.never")
        ) : stale ? (
          <Ago at={live.received_at} />
        ) : (
          `${format.speed(live.speed_mps)} · ${format.percent(live.battery_fraction)}`
        )}
      </span>
    </>
  );
});
