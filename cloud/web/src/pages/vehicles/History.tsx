import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTelemetry } from "../../api/queries";
import { useFormat } from "../../i18n/useFormat";
import { Card } from "../../ui/Card";
import { Plot } from "../../ui/Plot";
import { Select } from "../../ui/Select";
import { Empty, Failure, Skeleton } from "../../ui/State";

const RANGES = ["10m", "1h", "6h"] as const;
type Range = (typeof RANGES)[number];

/** Speed and battery over the last minutes or hours. */
export default function History({ id }: { id: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [range, setRange] = useState<Range>("10m");
  const { data, error, refetch } = useTelemetry(id, range);
  const series = useMemo(() => {
    const points = data ?? [];
    const times = points.map(({ received_at }) => Date.parse(received_at) / 1000);
    return {
      times,
      speed: points.map(({ speed_mps }) => Math.abs(speed_mps) * 3.6),
      battery: points.map(({ battery_fraction }) => battery_fraction * 100),
    };
  }, [data]);
  const speed = (kmh: number) => format.speed(kmh / 3.6);
  const battery = (percent: number) => format.percent(percent / 100);
  const select = (
    <Select<Range>
      label={t("plot.range")}
      value={range}
      onChange={setRange}
      options={RANGES.map((id) => ({ id, label: t(`plot.ranges.${id}`) }))}
    />
  );
  const content = (values: number[], label: string, write: (value: number) => string, top?: number) => {
    if (error && !data) return <Failure error={error} onRetry={refetch} />;
    if (!data) return <Skeleton />;
    if (data.length === 0) return <Empty title={t("plot.empty")} />;
    return <Plot label={label} times={series.times} values={values} write={write} top={top} />;
  };
  return (
    <div className="stack">
      <Card title={t("vehicle.speed")} actions={select}>
        {content(series.speed, t("vehicle.speed"), speed)}
      </Card>
      <Card title={t("vehicle.battery")}>{content(series.battery, t("vehicle.battery"), battery, 100)}</Card>
    </div>
  );
}
