import { List, Map as MapIcon, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useTrip } from "../../api/queries";
import { useWindowTitle } from "../../app/Page";
import { useMay } from "../../app/session";
import { useVehicle } from "../../live/hooks";
import { LazyFleetMap } from "../../map/LazyFleetMap";
import { LinkButton } from "../../ui/Button";
import { FilterBar } from "../vehicles/FilterBar";
import { useVehicleFilter } from "../vehicles/filter";
import { VehicleList } from "../vehicles/VehicleList";
import { OrderPanel } from "./OrderPanel";
import { useOrder } from "./order";
import { SelectedVehicle } from "./SelectedVehicle";
import { useTrail } from "./trail";
import "./live.css";

/** The live map. What is selected is in the address, so that it can be linked to: ?vehicle=AV-001, ?order. */
export default function LivePage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const [follow, setFollow] = useState(false);
  const [view, setView] = useState<"map" | "list">("map");
  const mayOrder = useMay("operate-trips");
  const filter = useVehicleFilter();
  const order = useOrder();
  useWindowTitle(t("nav.live"));

  const ordering = mayOrder && search.has("order");
  const selected = ordering ? undefined : (search.get("vehicle") ?? undefined);
  const vehicle = useVehicle(selected ?? "");
  const trip = useTrip(vehicle?.live?.trip_id).data;
  const trail = useTrail(selected);
  const shown = useMemo(
    () => (filter.active ? new Set(filter.vehicles.map(({ id }) => id)) : undefined),
    [filter.active, filter.vehicles],
  );

  const select = (id: string | undefined) => {
    setFollow(false);
    setSearch(id ? { vehicle: id } : {}, { replace: true });
  };

  return (
    <div className="live" data-view={view} data-panel={ordering || selected ? true : undefined}>
      <h1 className="visually-hidden">{t("nav.live")}</h1>
      <section className="live-list" aria-label={t("vehicle.list")}>
        <div className="live-tools">
          {mayOrder && (
            <LinkButton kind="primary" icon={<Plus aria-hidden />} href="/?order">
              {t("order.title")}
            </LinkButton>
          )}
          <FilterBar filter={filter} />
        </div>
        <VehicleList vehicles={filter.vehicles} filtered={filter.active} selected={selected} onSelect={select} />
      </section>
      <div className="live-map">
        <LazyFleetMap
          label={t("map.label")}
          ids={shown}
          selected={selected}
          follow={follow}
          route={ordering ? order.preview.data?.route.geometry : trip?.route.geometry}
          trail={trail}
          pins={order.pins(ordering, trip)}
          onSelect={select}
          onPick={ordering ? order.pick : undefined}
          onDrag={() => setFollow(false)}
          onRest={order.setMapCentre}
        />
      </div>
      {ordering && <OrderPanel order={order} onClose={() => select(undefined)} />}
      {selected && (
        <SelectedVehicle
          key={selected}
          id={selected}
          follow={follow}
          onFollow={setFollow}
          onClose={() => select(undefined)}
        />
      )}
      <ToggleButtonGroup
        className="live-switch"
        aria-label={t("map.switch")}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[view]}
        onSelectionChange={(keys) => setView([...keys][0] as "map" | "list")}
      >
        <ToggleButton id="map" className="chip">
          <MapIcon aria-hidden />
          {t("map.map")}
        </ToggleButton>
        <ToggleButton id="list" className="chip">
          <List aria-hidden />
          {t("map.list")}
        </ToggleButton>
      </ToggleButtonGroup>
    </div>
  );
}
