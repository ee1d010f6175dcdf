import type { ReactNode } from "react";
import { Modal as AriaModal, Dialog, Heading, ModalOverlay } from "react-aria-components";
import "./popover.css";

interface Props {
  title: string;
  isOpen: boolean;
  onClose(): void;
  /** An alert asks for a decision; a click beside it does not close it. */
  alert?: boolean;
  children: ReactNode;
}

export function Modal({ title, isOpen, onClose, alert, children }: Props) {
  return (
    <ModalOverlay
      className="modal-scrim"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={!alert}
    >
      <AriaModal className="modal">
        <Dialog className="dialog" role={alert ? "alertdialog" : "dialog"}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
