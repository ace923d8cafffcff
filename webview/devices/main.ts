/** Starts the device page inside an editor's webview. */
import "../kit/theme.css";
import "../kit/states.css";
import "./devices.css";
import type { DevicesHost, DevicesNews } from "../../src/protocol/views/devices.ts";
import { startView } from "../kit/start.ts";
import { mountDevices } from "./view.ts";
import type { DevicesMemory } from "./view.ts";

startView<DevicesHost, DevicesNews, DevicesMemory>("devices", (app, parts) => mountDevices(app, parts));
