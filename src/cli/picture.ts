/** The door to the graph's picture: the graph view's own layout and drawing, loaded only when a picture is asked for. */
export { renderSvg } from "../../webview/graph/svg.ts";
