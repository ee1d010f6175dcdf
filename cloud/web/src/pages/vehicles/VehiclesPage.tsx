import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { Page } from "../../app/Page";
import "../../ui/table.css";
import { FilterBar } from "./FilterBar";
import { useVehicleFilter } from "./filter";
import { VehicleList } from "./VehicleList";

export default function VehiclesPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const filter = useVehicleFilter();
  return (
    <Page title={t("nav.vehicles")}>
      <FilterBar filter={filter} />
      <div className="table-frame list-frame">
        <VehicleList
          wide
          vehicles={filter.vehicles}
          filtered={filter.active}
          onSelect={(id) => id && navigate(`/vehicles/${id}`)}
        />
      </div>
    </Page>
  );
}
