/** Everything the device page and its host say to each other. */
import type { DeviceInfo } from "../results.ts";
import type { DeviceState } from "../rpc.ts";
import type { Failure } from "../source.ts";

export interface DevicesState {
  /** Null until the runtime has answered for the first time. */
  devices: DeviceInfo[] | null;
  /** The setting: "auto", "cpu", "cuda:1". */
  choice: string;
  /** Where "auto" leads: "cpu", "cuda:0". */
  auto: string;
  /** Tensor memory of Layerwise's own process at this moment. */
  live: DeviceState | null;
  isRunning: boolean;
  isLooking: boolean;
  failure: Failure | null;
}

/** The view asks, the host answers. */
export interface DevicesHost {
  state(): DevicesState;
  /** Look again. */
  look(): void;
  choose(choice: string): void;
  copy(text: string): void;
  /** A page about how to get something, in the browser. */
  openLink(url: string): void;
}

/** The host tells, nobody answers. */
export type DevicesNews = { type: "changed" };

/** Where "auto" leads. */
export function automatic(devices: readonly DeviceInfo[]): string {
  return (
    devices.find(({ id, kind, available }) => kind === "device" && available && id.startsWith("cuda"))?.id ?? "cpu"
  );
}

/** A choice names a device: "cuda" is the first GPU. */
export function chosenDevice(choice: string, auto: string): string {
  if (choice === "auto") return auto;
  return choice === "cuda" ? "cuda:0" : choice;
}
