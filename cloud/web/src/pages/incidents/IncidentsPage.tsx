import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useIncidents } from "../../api/queries";
import type { IncidentStatus } from "../../api/types";
import { Page } from "../../app/Page";
import { IncidentBadge, SeverityBadge } from "../../ui/Badge";
import { Select } from "../../ui/Select";
import { Empty, Failure, Skeleton } from "../../ui/State";
import { Ago, Time } from "../../ui/Time";
import { useIncidentTitle } from "./title";
import "../../ui/table.css";

const STATUSES: readonly IncidentStatus[] = ["open", "acknowledged", "resolved"];

export default function IncidentsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const status = (search.get("status") as IncidentStatus | null) ?? undefined;
  return (
    <Page
      title={t("nav.incidents")}
      actions={
        <Select
          label={t("incident.filter")}
          value={status ?? "all"}
          onChange={(next) => setSearch(next === "all" ? {} : { status: next }, { replace: true })}
          options={[
            { id: "all", label: t("incident.all") },
            ...STATUSES.map((status) => ({ id: status, label: t(`incident.status.${status}`) })),
          ]}
        />
      }
    >
      <IncidentTable status={status} />
    </Page>
  );
}

function IncidentTable({ status }: { status: IncidentStatus | undefined }) {
  const { t } = useTranslation();
  const titleOf = useIncidentTitle();
  const { data: incidents, error, refetch } = useIncidents(status);
  if (error && !incidents) return <Failure error={error} onRetry={refetch} />;
  if (!incidents) return <Skeleton lines={8} />;
  if (incidents.length === 0) return <Empty title={t(status ? "incident.none_found" : "incident.none")} />;
  return (
    <div className="table-frame">
      <table className="table">
        <thead>
          <tr>
            <th>{t("incident.incident")}</th>
            <th>{t("incident.severity")}</th>
            <th>{t("incident.state")}</th>
            <th>{t("vehicle.vehicle")}</th>
            <th>{t("incident.opened")}</th>
            <th>{t("incident.updated")}</th>
          </tr>
        </thead>
        <tbody>
          {incidents.map((incident) => (
            <tr key={incident.incident_id}>
              <td className="wrap">
                <Link to={`/incidents/${incident.incident_id}`} className="row-link">
                  <bdi>{titleOf(incident)}</bdi>
                </Link>
              </td>
              <td>
                <SeverityBadge severity={incident.severity} />
              </td>
              <td>
                <IncidentBadge status={incident.status} />
              </td>
              <td data-label={t("vehicle.vehicle")}>
                <bdi>{incident.vehicle_id ?? "—"}</bdi>
              </td>
              <td data-label={t("incident.opened")}>
                <Time at={incident.opened_at} />
              </td>
              <td data-label={t("incident.updated")}>
                <Ago at={incident.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
