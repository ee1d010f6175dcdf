import type { ReactNode } from "react";
import {
  TextField as AriaTextField,
  FieldError,
  Input,
  Label,
  Text,
  TextArea,
  type TextFieldProps,
} from "react-aria-components";
import "./field.css";

interface Props extends TextFieldProps {
  label: string;
  description?: ReactNode;
  error?: string | undefined;
  multiline?: boolean;
  placeholder?: string;
}

export function TextField({ label, description, error, multiline, placeholder, ...props }: Props) {
  return (
    <AriaTextField {...props} className="field" isInvalid={Boolean(error)}>
      <Label>{label}</Label>
      {multiline ? (
        <TextArea className="input" rows={3} placeholder={placeholder} />
      ) : (
        <Input className="input" placeholder={placeholder} />
      )}
      {description && (
        <Text slot="description" className="field-hint">
          {description}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </AriaTextField>
  );
}
