import { Search } from "lucide-react";
import { Input, SearchField, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/useFormat";
import { STATUSES, type VehicleStatus } from "../../live/vehicle";
import { StatusDot } from "../../ui/Badge";
import { Select } from "../../ui/Select";
import { ALL_FLEETS, type VehicleFilter } from "./filter";
import "../../ui/field.css";
import "./filter.css";

export function FilterBar({ filter }: { filter: VehicleFilter }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { query, setQuery, counts, fleets } = filter;
  return (
    <div className="filter">
      <SearchField
        className="filter-text"
        aria-label={t("filter.text")}
        value={query.text}
        onChange={(text) => setQuery({ ...query, text })}
      >
        <Search aria-hidden />
        <Input className="input" placeholder={t("filter.text")} />
      </SearchField>
      {fleets.length > 1 && (
        <Select
          label={t("filter.fleet")}
          value={query.fleet}
          onChange={(fleet) => setQuery({ ...query, fleet })}
          options={[
            { id: ALL_FLEETS, label: t("filter.all_fleets") },
            ...fleets.filter(Boolean).map((fleet) => ({ id: fleet, label: fleet })),
          ]}
        />
      )}
      <ToggleButtonGroup
        className="filter-statuses"
        aria-label={t("filter.status")}
        selectionMode="multiple"
        selectedKeys={query.statuses}
        onSelectionChange={(keys) => setQuery({ ...query, statuses: keys as Set<VehicleStatus> })}
      >
        {STATUSES.map((status) => (
          <ToggleButton id={status} key={status} className="chip">
            <StatusDot status={status} />
            {t(`vehicle.status.${status}`)}
            <span className="chip-count">{format.number(counts[status])}</span>
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
    </div>
  );
}
