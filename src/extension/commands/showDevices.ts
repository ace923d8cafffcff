/** Open the device page: what was found to compute with, how it is doing, what is missing and how to get it. */
import { command } from "../command.ts";

export const showDevices = command({
  title: "Show Devices",
  icon: "chip",
  run: (app) => app.devices.open(),
});
