/** Fills a webview with one of the bundled views: the one place that sets its rights and its HTML. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { viewPage } from "../../protocol/views/page.ts";
import type { ViewName } from "../../protocol/views/port.ts";
import { type ServedPort, type ServeOptions, servePort } from "../../protocol/views/serve.ts";

export interface ShowOptions<Host> extends Pick<ServeOptions<Host>, "answers" | "ready"> {
  view: ViewName;
  title: string;
  extension: vscode.Uri;
  log: vscode.LogOutputChannel;
}

/** Scripts may run, and only files of dist/webview can be loaded. */
export function showView<Host, News extends { type: string }>(
  webview: vscode.Webview,
  options: ShowOptions<Host>,
): ServedPort<News> {
  const { view, title, extension, log } = options;
  const folder = vscode.Uri.joinPath(extension, "dist", "webview");
  webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [folder] };
  const port = servePort<Host, News>({
    view,
    answers: options.answers,
    post: (message) => void webview.postMessage(message),
    problem: (message) => log.warn(message),
    ready: options.ready,
  });
  webview.onDidReceiveMessage((message) => port.receive(message));
  webview.html = viewPage({
    view,
    title,
    script: webview.asWebviewUri(vscode.Uri.joinPath(folder, `${view}.js`)).toString(),
    style: webview.asWebviewUri(vscode.Uri.joinPath(folder, `${view}.css`)).toString(),
    nonce: randomBytes(16).toString("base64url"),
    styleSource: webview.cspSource,
  });
  return port;
}
