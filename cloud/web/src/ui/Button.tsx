import type { ReactNode } from "react";
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Link as AriaLink,
  type LinkProps,
} from "react-aria-components";
import "./button.css";

type Kind = "primary" | "secondary" | "quiet" | "danger";

export interface ButtonProps extends AriaButtonProps {
  kind?: Kind;
  icon?: ReactNode;
  children?: ReactNode;
}

export function Button({ kind = "secondary", icon, children, className, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className={`button ${kind} ${className ?? ""}`}>
      {icon}
      {children}
    </AriaButton>
  );
}

export function LinkButton({
  kind = "secondary",
  icon,
  children,
  ...props
}: LinkProps & { kind?: Kind; icon?: ReactNode; children: ReactNode }) {
  return (
    <AriaLink {...props} className={`button ${kind}`}>
      {icon}
      {children}
    </AriaLink>
  );
}
