import { ChevronDown } from "lucide-react";
import {
  Select as AriaSelect,
  Button,
  type Key,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from "react-aria-components";
import "./popover.css";

interface Props<T extends string> {
  label: string;
  options: { id: T; label: string }[];
  value: T;
  onChange(value: T): void;
}

export function Select<T extends string>({ label, options, value, onChange }: Props<T>) {
  return (
    <AriaSelect
      className="field select"
      selectedKey={value}
      onSelectionChange={(key: Key | null) => key !== null && onChange(key as T)}
    >
      <Label className="visually-hidden">{label}</Label>
      <Button className="button secondary">
        <SelectValue />
        <ChevronDown aria-hidden />
      </Button>
      <Popover className="popover">
        <ListBox className="menu" items={options}>
          {({ id, label }) => (
            <ListBoxItem id={id} className="menu-item">
              {label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
