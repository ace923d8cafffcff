/** Starts the device page inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./devices.css";
import type { DevicesHost, DevicesNews } from "../../src/protocol/views/devices.ts";
import { connect, editorPort } from "../kit/port.ts";
import type { Asked } from "../kit/port.ts";
import { mountDevices } from "./view.ts";
import type { DevicesMemory, DevicesView } from "./view.ts";

const { port, memory } = editorPort<DevicesMemory>("devices");
let view: DevicesView | null = null;
const host: Asked<DevicesHost> = connect<DevicesHost, DevicesNews>(
  port,
  { changed: (news) => view?.news.changed(news) },
  (message) => view?.showProblem(message),
);
view = mountDevices(document.getElementById("app")!, { host, memory });
view.refresh().catch((error: unknown) => view?.showProblem(error instanceof Error ? error.message : String(error)));
