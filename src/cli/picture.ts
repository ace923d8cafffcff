/** The door to the graph's picture: the view's own layout and drawing, loaded only when it is asked for. */
export { renderSvg } from "../../webview/graph/svg.ts";
